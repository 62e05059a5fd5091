package gateway

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/core/config"
)

func TestOpenLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "filegate.log")
	for _, tc := range []struct {
		name string
		cfg  config.Log
		want string // in the output
	}{
		{"text to stderr", config.Log{Level: "info", Format: "text", Output: "stderr"}, `level=INFO msg="it happened" n=1`},
		{"json to stderr", config.Log{Level: "info", Format: "json", Output: "stderr"}, `"msg":"it happened","n":1`},
		{"text to a file", config.Log{Level: "info", Format: "text", Output: file}, `level=INFO msg="it happened" n=1`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			log, closer, err := OpenLog(tc.cfg, &stderr)
			if err != nil {
				t.Fatal(err)
			}
			log.Debug("not at this level")
			log.Info("it happened", "n", 1)
			if err := closer.Close(); err != nil {
				t.Error(err)
			}
			got := stderr.String()
			if tc.cfg.Output != "stderr" {
				text, err := os.ReadFile(tc.cfg.Output)
				if err != nil {
					t.Fatal(err)
				}
				got += string(text)
			}
			if strings.Count(got, "\n") != 1 || !strings.Contains(got, tc.want) {
				t.Errorf("the log is %q, want one line with %s", got, tc.want)
			}
		})
	}
}

func TestOpenLogRefuses(t *testing.T) {
	for _, cfg := range []config.Log{
		{Level: "loud", Format: "text", Output: "stderr"},
		{Level: "info", Format: "text", Output: filepath.Join(t.TempDir(), "no", "such", "directory")},
	} {
		if _, _, err := OpenLog(cfg, io.Discard); err == nil {
			t.Errorf("OpenLog(%+v) returned no error", cfg)
		}
	}
}

// fakeSyslog notes what it is given, by severity.
type fakeSyslog struct{ lines []string }

func (s *fakeSyslog) note(severity, line string) error {
	s.lines = append(s.lines, severity+" "+strings.TrimSuffix(line, "\n"))
	return nil
}

func (s *fakeSyslog) Err(line string) error     { return s.note("err", line) }
func (s *fakeSyslog) Warning(line string) error { return s.note("warning", line) }
func (s *fakeSyslog) Info(line string) error    { return s.note("info", line) }
func (s *fakeSyslog) Debug(line string) error   { return s.note("debug", line) }

func TestSyslogSeverities(t *testing.T) {
	out := &fakeSyslog{}
	log := slog.New(newSyslogHandler("text", out, slog.LevelDebug)).With("session", "s1")
	log.Error("a")
	log.Warn("b")
	log.WithGroup("g").Info("c", "time", "kept")
	log.Debug("d")
	want := []string{
		"err level=ERROR msg=a session=s1",
		"warning level=WARN msg=b session=s1",
		"info level=INFO msg=c session=s1 g.time=kept",
		"debug level=DEBUG msg=d session=s1",
	}
	if diff := cmp.Diff(want, out.lines); diff != "" {
		t.Errorf("what syslog got (-want +got):\n%s", diff)
	}
}
