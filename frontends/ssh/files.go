package ssh

// Files implements [frontend.Filer].
func (c *Config) Files() []string { return c.HostKeys }
