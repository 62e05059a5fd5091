package config

// ParseFile reads the text of a file that is a part's own, into the struct that target points to:
// one as a part's options are, with what may stand in the file as its fields. A value is what is
// written there, without env() and file().
//
// The error is of type [Diagnostics], and has all mistakes; what could be read is in the struct
// nevertheless, unless the syntax is wrong. The Block is the file as a whole, for what turns out to
// be wrong besides.
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
