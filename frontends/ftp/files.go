package ftp

// Files implements [frontend.Filer]. Certificates with their keys are read again by themselves.
func (c *Config) Files() []string {
	if c.TLS.ClientCA == "" {
		return nil
	}
	return []string{c.TLS.ClientCA}
}
