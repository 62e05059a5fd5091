package backend

// Storer is a Config of a backend that stores files in local directories.
type Storer interface {
	Directories() []string
}

// Directories returns the local directories that a backend with these options writes to.
func Directories(c Config) []string {
	if s, ok := c.(Storer); ok {
		return s.Directories()
	}
	return nil
}
