package gateway

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"filegate/core/testneed"
)

const (
	dist = "../../cmd/filegate/dist/"
	list = dist + "metrics.md"
)

var descPattern = regexp.MustCompile(`fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)", (?:unit: "[^"]*", )?constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)

// exported returns the lines of the list for all existing metrics: name, labels and help.
func exported(t *testing.T) []string {
	t.Helper()
	w := newWorld()
	g, err := New(t.Context(), w.config(t, oneOfEach), w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	descs := make(chan *prometheus.Desc)
	go func() {
		g.metrics.registry.Describe(descs)
		close(descs)
	}()
	var all []string
	for d := range descs {
		m := descPattern.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("the description %s is not understood", d)
		}
		if !strings.HasPrefix(m[1], "filegate_") {
			continue
		}
		labels := strings.ReplaceAll(m[4], ",", ", ")
		if m[1] == "filegate_build_info" {
			labels = "version, goversion"
		}
		all = append(all, fmt.Sprintf("| `%s` | %s | %s |", m[1], labels, m[2]))
	}
	slices.Sort(all)
	return all
}

var update = flag.Bool("update", false, "write the list of metrics as they are")

// TestMetricsList compares the documented list with the exported metrics.
func TestMetricsList(t *testing.T) {
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	want := exported(t)
	if *update {
		head, _, _ := strings.Cut(string(text), "| `")
		text = []byte(head + strings.Join(want, "\n") + "\n")
		if err := os.WriteFile(list, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var documented []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			documented = append(documented, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("%s differs from what is exported (-exported +documented); if that is meant: go test -update\n%s", list, diff)
	}
}

var metricPattern = regexp.MustCompile(`filegate_[a-z0-9_]+`)

// TestMetricsInUse tests that the alert rules and the dashboard use only exported metrics.
func TestMetricsInUse(t *testing.T) {
	all := map[string]bool{}
	for _, line := range exported(t) {
		all[metricPattern.FindString(line)] = true
	}
	for _, file := range []string{"filegate.rules.yml", "grafana-dashboard.json"} {
		text, err := os.ReadFile(dist + file)
		if err != nil {
			t.Fatal(err)
		}
		names := metricPattern.FindAllString(string(text), -1)
		if len(names) == 0 {
			t.Errorf("%s asks for nothing", file)
		}
		for _, name := range names {
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				base = strings.TrimSuffix(base, suffix)
			}
			if !all[name] && !all[base] {
				t.Errorf("%s asks for %s, which is not exported", file, name)
			}
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is no JSON", file)
		}
	}
}

// TestRules checks and tests the alert rules with Prometheus's own tool.
func TestRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		testneed.Missing(t, "promtool is missing: it is in Debian's package prometheus")
	}
	for _, args := range [][]string{{"check", "rules", dist + "filegate.rules.yml"}, {"test", "rules", "testdata/rules_test.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
