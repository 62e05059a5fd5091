package backend

// Storer is a Config that keeps files of clients in directories of this machine.
type Storer interface {
	Directories() []string
}

// Directories returns the directories of this machine that a backend with these options writes to.
func Directories(c Config) []string {
	if s, ok := c.(Storer); ok {
		return s.Directories()
	}
	return nil
}
