package config

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// source is the text of a file, for the lines that diagnostics show of it. Values of attributes
// that are secrets are starred out there, wherever on a shown line they stand, and so is what may
// be one: the value of an attribute that nobody knows, as of a name that is misspelt, and all that
// is assigned in a file whose syntax is wrong.
type source struct {
	name   string
	file   *hcl.File
	broken bool               // there is no syntax tree to go by
	others map[string]*source // the files that this one includes, by their names

	mu      sync.Mutex
	secrets map[string]bool // names of attributes, beside those that say so themselves
	hidden  map[*hclsyntax.Attribute]bool
}

// parseSource reads the syntax of a file, and nothing of what it means. The error is of type
// [Diagnostics].
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
	return src, parsed.Body.(*hclsyntax.Body), nil // hclsyntax makes no others
}

// start is the place of what is missing in the file as a whole.
func (s *source) start() hcl.Range {
	return hcl.Range{Filename: s.name, Start: hcl.InitialPos, End: hcl.InitialPos}
}

// secret makes the values of all attributes of that name unreadable.
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

// hide makes the value of one attribute unreadable, of which nobody knows whether it is a secret.
func (s *source) hide(attr *hclsyntax.Attribute) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[attr] = true
}

// show takes back what hide has done.
func (s *source) show(attr *hclsyntax.Attribute) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hidden, attr)
}

// hideAll does so with all that stands in a body.
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

// maskedFile is masked for this file or one that it includes.
func (s *source) maskedFile(name string) *hcl.File {
	other := s.others[name]
	if other == nil {
		return s.masked()
	}
	// What is secret is known here.
	as := &source{name: name, file: other.file, broken: other.broken, secrets: s.secrets, hidden: s.hidden}
	return as.masked()
}

// masked is the file with its secrets starred out, byte for byte, so that ranges stay true.
func (s *source) masked() *hcl.File {
	out := bytes.Clone(s.file.Bytes)
	tokens, _ := hclsyntax.LexConfig(s.file.Bytes, s.name, hcl.InitialPos)
	if s.broken {
		maskLines(out)
	}
	secret := 0 // the tokens before this one are a secret's
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

// valueOfSecret says where the value ends that begins with a token, if it is that of an attribute,
// or in a map, whose name says that it is a secret; else 0.
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

// tells says whether a token of a value tells something of it. The call of a function, as of env,
// does not, and no more does what it is called with.
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

// isArgument says whether a quoted text is all that a function is called with, outside of any other
// text.
func isArgument(tokens hclsyntax.Tokens, i int) bool {
	return i >= 4 && i+2 < len(tokens) && tokens[i-1].Type == hclsyntax.TokenOQuote && tokens[i-2].Type == hclsyntax.TokenOParen &&
		tokens[i-3].Type == hclsyntax.TokenIdent && tokens[i+2].Type == hclsyntax.TokenCParen && tokens[i-4].Type == hclsyntax.TokenEqual
}

// assignment is what a line of a file begins with that gives something a value, or begins a block.
var assignment = regexp.MustCompile(`^\s*[\w-]+\s*(= |=\t|\{)`)

// maskLines stars out all words but those that are given a value: where the syntax is wrong nobody
// knows where a text ends.
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
