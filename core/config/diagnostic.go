package config

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Diagnostic is one mistake and its place in the file.
type Diagnostic struct {
	Summary string // the mistake
	Detail  string // how to correct it
	Warning bool   // not a mistake, but has a risk or a price
	rng     hcl.Range
	src     *source // nil: the mistake is not in a file that could be read
}

// Place returns the place in the file, such as "gateway.hcl:12", or an empty string for a file that
// could not be read.
func (d Diagnostic) Place() string {
	if d.src == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", d.rng.Filename, d.rng.Start.Line)
}

// Diagnostics are all mistakes of a file. They are an error.
type Diagnostics []Diagnostic

// Error returns the mistakes as [Diagnostics.Write] prints them.
func (d Diagnostics) Error() string {
	var b strings.Builder
	d.Write(&b, 0, false) //nolint:errcheck // a Builder does not fail
	return strings.TrimRight(b.String(), "\n")
}

// Mistakes returns the number of mistakes.
func (d Diagnostics) Mistakes() int { return len(d) }

// Write prints the mistakes for people in the order of the file, each with file, line, the text of
// the line, and advice. Secret values are replaced by asterisks. Lines are wrapped at width
// columns; 0 disables wrapping.
func (d Diagnostics) Write(w io.Writer, width uint, color bool) error {
	sorted := slices.Clone(d)
	slices.SortStableFunc(sorted, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.rng.Filename, b.rng.Filename),
			cmp.Compare(a.rng.Start.Byte, b.rng.Start.Byte),
			cmp.Compare(a.Summary, b.Summary),
		)
	})
	sorted = slices.CompactFunc(sorted, func(a, b Diagnostic) bool {
		return a.rng == b.rng && a.Summary == b.Summary && a.Detail == b.Detail
	})
	var out bytes.Buffer
	for _, diag := range sorted {
		h := hcl.Diagnostic{Severity: hcl.DiagError, Summary: diag.Summary, Detail: diag.Detail}
		if diag.Warning {
			h.Severity = hcl.DiagWarning
		}
		files := map[string]*hcl.File{}
		if diag.src != nil {
			h.Subject = diag.rng.Ptr()
			files[diag.rng.Filename] = diag.src.maskedFile(diag.rng.Filename)
		}
		if err := hcl.NewDiagnosticTextWriter(&out, files, width, color).WriteDiagnostic(&h); err != nil {
			return err
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Cover reports whether there is already a mistake at the place of diag.
func (d Diagnostics) Cover(diag Diagnostic) bool {
	return slices.ContainsFunc(d, func(known Diagnostic) bool { return known.rng.Overlaps(diag.rng) })
}

// fromHCL converts the mistakes that the HCL parser or evaluator has found.
func (s *source) fromHCL(diags hcl.Diagnostics) Diagnostics {
	var out Diagnostics
	for _, d := range diags {
		diag := Diagnostic{Summary: d.Summary, Detail: d.Detail, src: s}
		if d.Subject != nil {
			diag.rng = *d.Subject
		}
		out = append(out, diag)
	}
	return out
}

// at returns a mistake of this file at rng.
func (s *source) at(rng hcl.Range, summary, format string, args ...any) Diagnostic {
	return Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), rng: rng, src: s}
}
