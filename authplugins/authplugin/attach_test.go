package authplugin

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"filegate/core/auth"
)

// startAsAuthor starts a program as an author does in a debugger, and returns its handshake and its
// process ID.
func startAsAuthor(t *testing.T, role string) (handshake string, pid int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), programAs(t, role))
	name, value, _ := strings.Cut(DebugEnv, " ")
	cmd.Env = append(os.Environ(), name, strings.Replace(value, "/tmp", mustTempDir(t), 1))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line, cmd.Process.Pid
}

// TestAttach tests that one program serves several connections, each with its own configuration,
// and that its output is logged.
func TestAttach(t *testing.T) {
	line, pid := startAsAuthor(t, "good")
	var log logBuffer
	s := spec(t, "/not/used", nil)
	s.Log = log.logger()
	for range 2 {
		p, diags, err := (&Launcher{}).Attach(t.Context(), s, line)
		if err != nil || len(diags) > 0 {
			t.Fatalf("Attach: %v, %v", diags, err)
		}
		id := mustLogin(t, p)
		if fresh, err := p.Renew(t.Context(), id.Grant); err != nil || fresh.Token != "fresh for alice" {
			t.Errorf("Renew: %v, %v", fresh, err)
		}
		if _, err := login(t, p, "tells", "secret"); !errors.Is(err, auth.ErrDenied) || strings.Contains(err.Error(), "secret") {
			t.Errorf("login: %v, want a refusal without the password", err)
		}
		eventually(t, "the program's output is in the log", func() bool { return strings.Contains(log.String(), "the password is") })
		if err := errors.Join(p.Close(), p.Close()); err != nil {
			t.Errorf("Close twice: %v", err)
		}
		if !runs(pid) {
			t.Fatal("the program has ended with the connection")
		}
	}
	rude := spec(t, "/not/used", map[string]any{"greeting": "rude"})
	if _, diags, err := (&Launcher{}).Attach(t.Context(), rude, line); err != nil || len(diags) != 1 || diags[0].Attribute != "greeting" {
		t.Errorf("a mistake in the configuration: %v, %v", diags, err)
	}
	other := spec(t, "/not/used", nil)
	other.Kind = "other"
	if _, _, err := (&Launcher{}).Attach(t.Context(), other, line); err == nil || !strings.Contains(err.Error(), `it is authenticator "fake" and not "other"`) {
		t.Errorf("another kind: %v", err)
	}
	kill(t, pid, syscall.SIGTERM)
	eventually(t, "SIGTERM ends the program", func() bool { return !runs(pid) })
	if _, _, err := (&Launcher{}).Attach(t.Context(), s, line); err == nil || !strings.Contains(err.Error(), "the line changes with each start") {
		t.Errorf("a program that has ended: %v", err)
	}
}

func TestAttachLines(t *testing.T) {
	for line, want := range map[string]string{
		"":                              "is not the line that the program has printed",
		"1234":                          "is not the line that the program has printed",
		"1|2|unix|/tmp/x|grpc|":         "update filegate",
		"1|1|tcp|127.0.0.1:80|grpc|":    "instead of a unix socket",
		"1|1|unix|x|grpc|":              "instead of a unix socket",
		"1|1|unix|/tmp/x|grpc|MIIBIjAN": "without PLUGIN_CLIENT_CERT",
	} {
		if _, _, err := (&Launcher{}).Attach(t.Context(), spec(t, "x", nil), line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error that says %q", line, err, want)
		}
	}
}

// TestDebug tests that a launcher for debugging waits for a program that has been stopped for
// longer than others may be.
func TestDebug(t *testing.T) {
	launch := func(debug bool) *program {
		l := impatient()
		l.restart.health, l.restart.healthLimit, l.CallTimeout = 10*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
		l.Debug = debug
		return mustLaunch(t, l, spec(t, programAs(t, "good"), nil))
	}
	debugged, other := launch(true), launch(false)
	pid, otherPID := debugged.pid(t), other.pid(t)
	answer := make(chan error, 1)
	kill(t, pid, syscall.SIGSTOP)
	go func() {
		_, err := debugged.Authenticate(t.Context(), auth.Request{User: "alice", Method: auth.Password, Password: "secret"})
		answer <- err
	}()
	kill(t, otherPID, syscall.SIGSTOP)
	eventually(t, "the other program is replaced", func() bool { return other.pid(t) != otherPID })
	kill(t, pid, syscall.SIGCONT)
	if err := <-answer; err != nil || debugged.pid(t) != pid {
		t.Errorf("login: %v, by a new program: %t", err, debugged.pid(t) != pid)
	}
}
