package config

// ParseFile reads a file that belongs to a part into the struct that target points to. Its fields
// define the contents of the file, as those of a part's options do. The functions env() and file()
// are not available.
//
// The error is of type [Diagnostics] and contains all mistakes. Unless there is a syntax error, the
// correct values are in the struct nevertheless. The returned Block is the whole file, for mistakes
// that the caller finds later.
func ParseFile(text []byte, filename string, target any) (Block, error) {
	src, body, err := parseSource(text, filename)
	if err != nil {
		return Block{}, err
	}
	whole := Block{src: src, body: body, def: src.start()}
	d := decoder{src: src}
	d.body(body, whole.def, target)
	if len(d.diags) > 0 {
		return whole, d.diags
	}
	return whole, nil
}
