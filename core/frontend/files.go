package frontend

// Filer is a Config that reads files when New makes a server, and not again after that: a reload
// looks whether they have changed.
type Filer interface {
	// Files returns their names, and those of directories.
	Files() []string
}

// FilesOf returns the files that a frontend with these options reads once.
func FilesOf(c Config) []string {
	if f, ok := c.(Filer); ok {
		return f.Files()
	}
	return nil
}
