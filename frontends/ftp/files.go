package ftp

// Files implements [frontend.Filer]. It leaves out certificates and keys, which are loaded again
// automatically.
func (c *Config) Files() []string {
	if c.TLS.ClientCA == "" {
		return nil
	}
	return []string{c.TLS.ClientCA}
}
