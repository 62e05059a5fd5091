package config

import (
	"bytes"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// source is the text of a file, for the lines that diagnostics show of it. Values of attributes that are
// secrets are starred out there, wherever on a shown line they stand.
type source struct {
	name string
	file *hcl.File

	mu      sync.Mutex
	secrets map[string]bool // names of attributes, beside those that say so themselves
}

// parseSource reads the syntax of a file, and nothing of what it means. The error is of type [Diagnostics].
func parseSource(text []byte, filename string) (*source, *hclsyntax.Body, error) {
	parsed, diags := hclsyntax.ParseConfig(text, filename, hcl.InitialPos)
	if parsed == nil {
		parsed = &hcl.File{Bytes: text}
	}
	src := &source{name: filename, file: parsed, secrets: map[string]bool{}}
	if diags.HasErrors() {
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

// masked is the file with its secrets starred out, byte for byte, so that ranges stay true.
// It goes by tokens and not by the syntax tree, since a file that cannot be parsed has none.
func (s *source) masked() *hcl.File {
	out := bytes.Clone(s.file.Bytes)
	tokens, _ := hclsyntax.LexConfig(s.file.Bytes, s.name, hcl.InitialPos)
	for i := 0; i+2 < len(tokens); i++ {
		value := tokens[i+2]
		if tokens[i].Type != hclsyntax.TokenIdent || tokens[i+1].Type != hclsyntax.TokenEqual ||
			value.Type == hclsyntax.TokenIdent || !s.isSecret(string(tokens[i].Bytes)) {
			continue // a value that begins with an identifier is a call of env or file, and shows nothing
		}
		i = mask(out, tokens, i+2)
	}
	return &hcl.File{Bytes: out, Nav: s.file.Nav, Body: s.file.Body}
}

// mask stars out the literals from tokens[i] to the end of the value, and returns where that is.
func mask(out []byte, tokens hclsyntax.Tokens, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		switch t := tokens[i]; t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCHeredoc:
			depth--
		case hclsyntax.TokenNewline:
			if depth <= 0 {
				return i
			}
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenNumberLit, hclsyntax.TokenInvalid, hclsyntax.TokenBadUTF8:
			for b := t.Range.Start.Byte; b < t.Range.End.Byte && b < len(out); b++ {
				if out[b] != '\n' && out[b] != '\r' {
					out[b] = '*'
				}
			}
		}
	}
	return i
}
