package frontend

// Filer is a Config that reads files only in New. A reload checks whether these files have changed.
type Filer interface {
	// Files returns the names of the files, and of directories.
	Files() []string
}

// FilesOf returns the files that a frontend with these options reads only once.
func FilesOf(c Config) []string {
	if f, ok := c.(Filer); ok {
		return f.Files()
	}
	return nil
}
