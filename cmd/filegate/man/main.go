// Man writes the manual page gateway.hcl(5) from gateway.hcl.example, so that the two cannot
// differ:
//
//	go generate ./cmd/filegate/man
//
// The other pages here are written by hand, in mdoc(7).
package main

import (
	"fmt"
	"os"
)

//go:generate go run . ../../../gateway.hcl.example gateway.hcl.5

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: man EXAMPLE PAGE")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// generate writes the page for an example of a configuration.
func generate(example, page string) error {
	text, err := os.ReadFile(example)
	if err != nil {
		return err
	}
	out, err := Page(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", example, err)
	}
	return os.WriteFile(page, []byte(out), 0o644)
}
