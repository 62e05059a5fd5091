package gateway

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/core/audit"
	"filegate/core/config"
)

func TestOpenLogs(t *testing.T) {
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
			log, err := OpenLogs(tc.cfg, config.Audit{}, &stderr)
			if err != nil {
				t.Fatal(err)
			}
			log.Debug("not at this level")
			log.Info("it happened", "n", 1)
			if err := log.Close(); err != nil {
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

func TestOpenLogsRefuses(t *testing.T) {
	for _, cfg := range []config.Log{
		{Level: "loud", Format: "text", Output: "stderr"},
		{Level: "info", Format: "text", Output: filepath.Join(t.TempDir(), "no", "such", "directory")},
	} {
		if _, err := OpenLogs(cfg, config.Audit{}, io.Discard); err == nil {
			t.Errorf("OpenLogs(%+v) returned no error", cfg)
		}
	}
}

// fakeSyslog records lines by severity.
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

// TestLogsReopen renames both files as logrotate does: after Reopen, lines go to new files.
func TestLogsReopen(t *testing.T) {
	dir := t.TempDir()
	log, trail := filepath.Join(dir, "log"), filepath.Join(dir, "audit")
	logs, err := OpenLogs(config.Log{Level: "info", Format: "text", Output: log}, config.Audit{Output: trail}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	with := logs.With("session", "s1")
	for i, want := range []string{"first", "second"} {
		if i > 0 {
			for _, name := range []string{log, trail} {
				if err := os.Rename(name, name+".1"); err != nil {
					t.Fatal(err)
				}
			}
			if err := logs.Reopen(); err != nil {
				t.Fatal(err)
			}
		}
		with.Info("a line", "which", want)
		logs.Audit.Write(audit.Record{Event: want})
	}
	for name, want := range map[string]string{log: "second", log + ".1": "first", trail: "second", trail + ".1": "first"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), want) {
			t.Errorf("%s has %q, want one line with %q", filepath.Base(name), text, want)
		}
	}
}

// TestLogsFollow changes the level, format and output of existing loggers.
func TestLogsFollow(t *testing.T) {
	dir := t.TempDir()
	var stderr bytes.Buffer
	logs, err := OpenLogs(config.Log{Level: "info", Format: "text", Output: "stderr"}, config.Audit{}, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	with := logs.With("n", 1).WithGroup("g").With("m", 2)
	with.Debug("hidden")
	with.Info("shown")
	logs.Audit.Write(audit.Record{Event: "nowhere"})
	bad := config.Log{Level: "debug", Format: "json", Output: filepath.Join(dir, "none", "log")}
	if err := logs.Follow(bad, config.Audit{}); err == nil {
		t.Error("Follow took a file that cannot be made")
	}
	with.Info("still there")
	trail := filepath.Join(dir, "audit")
	if err := logs.Follow(config.Log{Level: "debug", Format: "json", Output: filepath.Join(dir, "log")}, config.Audit{Output: trail}); err != nil {
		t.Fatal(err)
	}
	with.Debug("in the file")
	logs.Audit.Write(audit.Record{Event: "login"})
	if got := stderr.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "msg=shown n=1 g.m=2") || !strings.Contains(got, "still there") {
		t.Errorf("stderr got %q", got)
	}
	for name, want := range map[string]string{filepath.Join(dir, "log"): `"msg":"in the file","n":1,"g":{"m":2}}`, trail: `"event":"login"`} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), want) {
			t.Errorf("%s has %q, want one line with %s", filepath.Base(name), text, want)
		}
	}
}

// TestSyslogServer sends lines with the tag to a server by UDP.
func TestSyslogServer(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // it ends at once
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	logs, err := OpenLogs(config.Log{Level: "info", Format: "text", Output: "syslog://" + server.LocalAddr().String(), Tag: "ftpcloudfs"}, config.Audit{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	logs.Warn("it happened")
	buf := make([]byte, 2048)
	server.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := server.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(buf[:n]); !strings.HasPrefix(got, "<28>") || !strings.Contains(got, fmt.Sprintf("ftpcloudfs[%d]: level=WARN", os.Getpid())) {
		t.Errorf("the server got %q, want a warning of a daemon with the tag", got)
	}
}

// TestFullDisk writes lines to a disk that is full for a while. Lines are lost, but none is mixed
// with another one, and standard error says so once.
func TestFullDisk(t *testing.T) {
	var stderr bytes.Buffer
	disk := &fullDisk{room: 25}
	o := &fileOutput{name: "/var/log/filegate.log", file: disk, stderr: &stderr}
	for _, line := range []string{"1 reaches the disk\n", "2 is torn\n", "3 is lost\n"} {
		n, err := o.Write([]byte(line))
		if lost := line[0] != '1'; lost != (err != nil) || (n == len(line)) == lost {
			t.Errorf("writing %q: %d, %v", line, n, err)
		}
	}
	disk.room = 1000
	if _, err := o.Write([]byte("4 reaches it again\n")); err != nil {
		t.Error(err)
	}
	if got, want := disk.String(), "1 reaches the disk\n2 is t\n4 reaches it again\n"; got != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
	if got, want := stderr.String(), "filegate: lines of the log /var/log/filegate.log are lost: no space left on device\n"; got != want {
		t.Errorf("standard error is %q, want %q", got, want)
	}
}

// fullDisk is a file on a disk with little room.
type fullDisk struct {
	bytes.Buffer
	room int // in bytes
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n, _ := d.Buffer.Write(p[:min(len(p), d.room)])
	d.room -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (d *fullDisk) Close() error { return nil }
