package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// bom is a software bill of materials in the format CycloneDX 1.5.
type bom struct {
	Format     string         `json:"bomFormat"`
	Spec       string         `json:"specVersion"`
	Version    int            `json:"version"`
	Metadata   bomMetadata    `json:"metadata"`
	Components []bomComponent `json:"components"`
}

type bomMetadata struct {
	Component bomComponent `json:"component"`
}

type bomComponent struct {
	Type    string    `json:"type"`
	Ref     string    `json:"bom-ref"`
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Hashes  []bomHash `json:"hashes,omitempty"`
	PURL    string    `json:"purl,omitempty"`
}

type bomHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// printSBOM prints the components of programs, as the go command has recorded them. It contains no
// time and no random number, so the same programs always have the same bill. If programs is empty,
// it describes this program.
func printSBOM(w io.Writer, programs []string) error {
	if len(programs) == 0 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		programs = []string{self}
	}
	all := bom{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: bomMetadata{bomComponent{Type: "application", Ref: "filegate", Name: "filegate"}},
	}
	seen := map[string]bomComponent{}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return fmt.Errorf("%s: no build information, so it is no program of Go: %w", program, err)
		}
		sum, err := programSum(program)
		if err != nil {
			return err
		}
		all.Metadata.Component.Version = strings.Trim(info.Main.Version, "()")
		name := filepath.Base(program)
		seen[name] = bomComponent{Type: "application", Ref: name, Name: name, Version: all.Metadata.Component.Version, Hashes: []bomHash{{"SHA-256", sum}}}
		goVersion := strings.TrimPrefix(info.GoVersion, "go")
		std := "pkg:golang/std@" + goVersion
		seen[std] = bomComponent{Type: "library", Ref: std, Name: "std", Version: goVersion, PURL: std}
		for _, dep := range info.Deps {
			if dep.Replace != nil {
				dep = dep.Replace
			}
			c, err := bomModule(dep)
			if err != nil {
				return fmt.Errorf("%s: %w", program, err)
			}
			seen[c.Ref] = c
		}
	}
	for _, c := range seen {
		all.Components = append(all.Components, c)
	}
	slices.SortFunc(all.Components, func(a, b bomComponent) int { return strings.Compare(a.Type+a.Ref, b.Type+b.Ref) })
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
}

// bomModule returns the entry for a module. Its checksum is that of go.sum, in hexadecimal.
func bomModule(m *debug.Module) (bomComponent, error) {
	purl := "pkg:golang/" + (&url.URL{Path: m.Path}).EscapedPath() + "@" + url.QueryEscape(m.Version)
	c := bomComponent{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
	if m.Sum == "" {
		return c, nil
	}
	text, ok := strings.CutPrefix(m.Sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return bomComponent{}, errors.New("module " + m.Path + " has a checksum of an unknown kind: " + m.Sum)
	}
	c.Hashes = []bomHash{{"SHA-256", hex.EncodeToString(sum)}}
	return c, nil
}

func programSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
