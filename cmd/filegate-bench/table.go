package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report is the result of a run.
type report struct {
	Facts   []fact    `json:"facts"`
	Results []*result `json:"results"`
	Took    string    `json:"took"`
}

// print prints the report as text.
func (r *report) print(to io.Writer) error {
	var all strings.Builder
	w := tabwriter.NewWriter(&all, 0, 0, 2, ' ', 0)
	for _, f := range r.Facts {
		fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Value)
	}
	w.Flush()
	for _, res := range r.Results {
		all.WriteString("\n" + res.text())
	}
	if verdicts := aims(r.Results); len(verdicts) > 0 {
		all.WriteString("\naims\n")
		w = tabwriter.NewWriter(&all, 0, 0, 2, ' ', 0)
		for _, v := range verdicts {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", v.word(), v.row, v.text)
		}
		w.Flush()
	}
	fmt.Fprintf(&all, "\nthe run took %s\n", r.Took)
	_, err := io.WriteString(to, all.String())
	return err
}

// text returns a headline, and a line for each contestant.
func (r *result) text() string {
	var all strings.Builder
	better := "more"
	if r.Less {
		better = "less"
	}
	fmt.Fprintf(&all, "%s: %s; %s, %s is better\n", r.Row, r.Title, r.Unit, better)
	if r.Failed != "" {
		fmt.Fprintf(&all, "  failed: %s\n", r.Failed)
	}
	if len(r.Lines) == 0 {
		return all.String()
	}
	all.WriteString(columns("", "median", "min", "max", "CPU s/GiB", "peak MiB"))
	for _, l := range r.Lines {
		all.WriteString(l.text())
	}
	return all.String()
}

// columns returns a line of the table.
func columns(name string, figures ...string) string {
	line := fmt.Sprintf("  %-46s", name)
	for _, f := range figures {
		line += fmt.Sprintf("%10s", f)
	}
	return strings.TrimRight(line, " ") + "\n"
}

func (l *line) text() string {
	name := l.Client + ", " + l.Server
	for _, s := range l.Settings {
		name += ", " + strings.TrimSpace(s)
	}
	switch {
	case l.Failed != "":
		return columns(name) + "    failed: " + l.Failed + "\n"
	case len(l.Values) == 0:
		return columns(name, "not measured")
	}
	var cpu, peak string
	if len(l.CPU) > 0 {
		cpu = digits(spreadOf(l.CPU).Median)
	}
	if l.Peak > 0 {
		peak = digits(float64(l.Peak) / (1 << 20))
	}
	return columns(name, digits(l.Spread.Median), digits(l.Spread.Min), digits(l.Spread.Max), cpu, peak)
}

// digits returns a figure with a suitable number of digits.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// bytesOf returns a size as text.
func bytesOf(n int64) string {
	if n >= 1<<30 && n%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
