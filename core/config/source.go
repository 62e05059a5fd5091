package config

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// source is the text of a file. Diagnostics show lines of it, in which asterisks replace secrets:
// the values of secret attributes, and values that may be secret. These are the values of unknown
// attributes, for example with a misspelt name, and all values in a file with a syntax error.
type source struct {
	name   string
	file   *hcl.File
	broken bool               // the syntax is wrong, so there is no syntax tree
	others map[string]*source // the files that this one includes, by their names

	mu      sync.Mutex
	secrets map[string]bool // names of secret attributes, in addition to names that are obviously secret
	hidden  map[*hclsyntax.Attribute]bool
}

// parseSource parses a file, without decoding it. The error is of type [Diagnostics].
func parseSource(text []byte, filename string) (*source, *hclsyntax.Body, error) {
	parsed, diags := hclsyntax.ParseConfig(text, filename, hcl.InitialPos)
	if parsed == nil {
		parsed = &hcl.File{Bytes: text}
	}
	src := &source{name: filename, file: parsed, broken: diags.HasErrors(), others: map[string]*source{}, secrets: map[string]bool{}, hidden: map[*hclsyntax.Attribute]bool{}}
	if old := oldFile(src); src.broken && old != nil {
		return nil, nil, old
	}
	if src.broken {
		return nil, nil, src.fromHCL(diags)
	}
	return src, parsed.Body.(*hclsyntax.Body), nil // hclsyntax returns no other type
}

// start is the place for mistakes about the whole file, such as a missing block.
func (s *source) start() hcl.Range {
	return hcl.Range{Filename: s.name, Start: hcl.InitialPos, End: hcl.InitialPos}
}

// secret hides the values of all attributes with this name.
func (s *source) secret(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[name] = true
}

func (s *source) isSecret(name string) bool {
	for _, word := range []string{"password", "passwd", "passphrase", "secret", "token", "credential"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[name]
}

// hide hides the value of one attribute, which may be a secret.
func (s *source) hide(attr *hclsyntax.Attribute) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[attr] = true
}

// show reverses hide.
func (s *source) show(attr *hclsyntax.Attribute) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hidden, attr)
}

// hideAll hides the values of all attributes in a body.
func (s *source) hideAll(body *hclsyntax.Body) {
	for _, attr := range body.Attributes {
		s.hide(attr)
	}
	for _, b := range body.Blocks {
		s.hideAll(b.Body)
	}
}

func (s *source) isHidden(t hclsyntax.Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for attr := range s.hidden {
		if rng := attr.Expr.Range(); rng.Filename == t.Range.Filename && rng.Start.Byte <= t.Range.Start.Byte && t.Range.Start.Byte < rng.End.Byte {
			return true
		}
	}
	return false
}

// maskedFile is masked for this file or an included one.
func (s *source) maskedFile(name string) *hcl.File {
	other := s.others[name]
	if other == nil {
		return s.masked()
	}
	// This source knows the secrets of all its included files.
	as := &source{name: name, file: other.file, broken: other.broken, secrets: s.secrets, hidden: s.hidden}
	return as.masked()
}

// masked returns the file with its secrets replaced by asterisks. It replaces byte by byte, so that
// ranges stay correct.
func (s *source) masked() *hcl.File {
	out := bytes.Clone(s.file.Bytes)
	tokens, _ := hclsyntax.LexConfig(s.file.Bytes, s.name, hcl.InitialPos)
	if s.broken {
		maskLines(out)
	}
	secret := 0 // end of the current secret, as an index of tokens
	for i, t := range tokens {
		if end := s.valueOfSecret(tokens, i); end > secret {
			secret = end
		}
		if (s.broken || i < secret || s.isHidden(t)) && tells(tokens, i) {
			star(out[min(t.Range.Start.Byte, len(out)):min(t.Range.End.Byte, len(out))])
		}
	}
	return &hcl.File{Bytes: out, Nav: s.file.Nav, Body: s.file.Body}
}

// hasSecret reports whether the text of this file, or of the included file with this name, contains
// the value of a secret attribute.
func (s *source) hasSecret(name string) bool {
	file := s.file
	if other := s.others[name]; other != nil {
		file = other.file
	}
	tokens, _ := hclsyntax.LexConfig(file.Bytes, name, hcl.InitialPos)
	secret := 0 // end of the current secret, as an index of tokens
	for i, t := range tokens {
		if end := s.valueOfSecret(tokens, i); end > secret {
			secret = end
		}
		if i < secret && (t.Type == hclsyntax.TokenQuotedLit || t.Type == hclsyntax.TokenStringLit) && tells(tokens, i) {
			return true
		}
	}
	return false
}

// valueOfSecret returns the end of the value that begins with token i, if the name of the attribute
// or map element before it is secret. Otherwise it returns 0.
func (s *source) valueOfSecret(tokens hclsyntax.Tokens, i int) (end int) {
	if i < 2 || tokens[i-1].Type != hclsyntax.TokenEqual && tokens[i-1].Type != hclsyntax.TokenColon {
		return 0
	}
	name := tokens[i-2]
	if name.Type == hclsyntax.TokenCQuote && i > 2 {
		name = tokens[i-3]
	}
	if !s.isSecret(string(name.Bytes)) {
		return 0
	}
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCHeredoc:
			depth--
		case hclsyntax.TokenNewline:
			if depth <= 0 {
				return i
			}
		}
	}
	return i
}

// tells reports whether a token in a value could reveal the value. The call of a function such as
// env(), and its argument, cannot.
func tells(tokens hclsyntax.Tokens, i int) bool {
	t := tokens[i]
	switch t.Type {
	case hclsyntax.TokenIdent:
		switch string(t.Bytes) {
		case "true", "false", "null":
			return false
		}
		return i+1 == len(tokens) || tokens[i+1].Type != hclsyntax.TokenOParen && tokens[i+1].Type != hclsyntax.TokenEqual
	case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
		return !isArgument(tokens, i)
	case hclsyntax.TokenNumberLit, hclsyntax.TokenInvalid, hclsyntax.TokenBadUTF8:
		return true
	}
	return false
}

// isArgument reports whether a quoted text is the only argument of a function, outside of any other
// text.
func isArgument(tokens hclsyntax.Tokens, i int) bool {
	return i >= 4 && i+2 < len(tokens) && tokens[i-1].Type == hclsyntax.TokenOQuote && tokens[i-2].Type == hclsyntax.TokenOParen &&
		tokens[i-3].Type == hclsyntax.TokenIdent && tokens[i+2].Type == hclsyntax.TokenCParen && tokens[i-4].Type == hclsyntax.TokenEqual
}

// assignment matches the beginning of a line that assigns a value or begins a block.
var assignment = regexp.MustCompile(`^\s*[\w-]+\s*(= |=\t|\{)`)

// maskLines replaces everything by asterisks except the names before values: with a syntax error,
// the end of a text is unknown.
func maskLines(out []byte) {
	for line := range bytes.Lines(out) {
		line = line[len(assignment.Find(line)):]
		for i, b := range line {
			if !bytes.ContainsRune([]byte(" \t\r\n\"{}[](),="), rune(b)) {
				line[i] = '*'
			}
		}
	}
}

func star(out []byte) {
	for i, b := range out {
		if b != '\n' && b != '\r' {
			out[i] = '*'
		}
	}
}
