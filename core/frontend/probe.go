package frontend

// Prober is a Config with more checks than Validate, which use the network.
type Prober interface {
	// Probes returns what to check.
	Probes() Probes
}

// Probes are the parts of a frontend's options that can be checked over the network.
type Probes struct {
	PublicHosts  []string // that clients are told to connect to
	Certificates []string // files of certificates in PEM
}

// ProbesOf returns what can be checked for a frontend's options.
func ProbesOf(c Config) Probes {
	if p, ok := c.(Prober); ok {
		return p.Probes()
	}
	return Probes{}
}
