package frontend

// Prober is a Config of which more can be checked than Validate does, when the network may be
// asked.
type Prober interface {
	// Probes returns what to look at.
	Probes() Probes
}

// Probes is what a frontend's options name that can be checked from outside.
type Probes struct {
	PublicHosts  []string // that clients are told to connect to
	Certificates []string // files of certificates in PEM
}

// ProbesOf returns what can be checked of a frontend's options.
func ProbesOf(c Config) Probes {
	if p, ok := c.(Prober); ok {
		return p.Probes()
	}
	return Probes{}
}
