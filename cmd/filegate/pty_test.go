package main

import (
	"bytes"
	"fmt"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"filegate/backends/swift/swifttest"
	"filegate/frontends/frontendtest"
)

// TestTypedLogin types a password and a one-time code into OpenSSH's sftp at a terminal. When the
// token expires, commands are refused. A client that shows the server's messages, unlike OpenSSH's,
// shows the reason.
func TestTypedLogin(t *testing.T) {
	sftp := frontendtest.Program(t, "sftp")
	swift, err := swifttest.New(swifttest.Config{Users: []swifttest.User{{Account: "test", Name: "otto", Key: "ottopass", Home: "test", TOTP: totpSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := swift.Listen(); err != nil {
		t.Fatal(err)
	}
	defer swift.Close()
	s := &site{cluster: cluster{user: "otto"}, work: t.TempDir(), config: "gateway.hcl"}
	writeHostKey(t, filepath.Join(s.work, "host_key"))
	write(t, filepath.Join(s.work, "ssh_config"), sshConfig, 0o600)
	write(t, filepath.Join(s.work, s.config), fmt.Sprintf(`
auth "keystone" "cloud" {
  config { auth_url = %q }
}
backend "swift" "main" {}
frontend "ssh" "public" {
  listen    = ["127.0.0.1:0"]
  host_keys = ["host_key"]
}
frontend "ftp" "public" { listen = ["127.0.0.1:0"] }
`, swift.KeystoneURL()), 0o600)
	s.start(t)

	for _, methods := range []string{"password,keyboard-interactive", "keyboard-interactive"} {
		t.Run(methods, func(t *testing.T) {
			term := openTerminal(t, s.work, sftp, s.sshArgs("-o", "PreferredAuthentications="+methods, "127.0.0.1")...)
			term.answer("assword:", "ottopass")
			term.answer("One-time code:", swifttest.Code(totpSecret, time.Now()))
			term.answer("sftp>", "mkdir "+methods)
			term.answer("sftp>", "ls")
			term.wait(methods)
			swift.Revoke()
			term.answer("sftp>", "mkdir again")
			term.wait("Permission denied")
			term.answer("sftp>", "quit")
			if err := term.end(); err != nil {
				t.Errorf("sftp ended with %v", err)
			}
			for _, secret := range []string{"ottopass", term.given[1]} {
				if strings.Contains(term.shown(), secret) {
					t.Errorf("the terminal shows %q", secret)
				}
			}
		})
	}
	t.Run("ftp", func(t *testing.T) {
		conn, err := textproto.Dial("tcp", "127.0.0.1:"+s.ftp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		want := func(code int, text string) {
			t.Helper()
			if _, got, err := conn.ReadResponse(code); err != nil || !strings.Contains(got, text) {
				t.Fatalf("got %q, %v, want %d with %q", got, err, code, text)
			}
		}
		want(220, "")
		for _, step := range []struct {
			line   string
			code   int
			text   string
			revoke bool // before the command
		}{
			{"USER otto", 331, "", false},
			{"PASS ottopass" + swifttest.Code(totpSecret, time.Now()), 230, "", false},
			{"MKD /ftp", 257, "", false},
			{"MKD /again", 550, "This login took a one-time code, and is over. Log in again with a new one.", true},
		} {
			if step.revoke {
				swift.Revoke()
			}
			if err := conn.PrintfLine("%s", step.line); err != nil {
				t.Fatal(err)
			}
			want(step.code, step.text)
		}
	})
}

// typist is a user at a terminal, who answers the questions of the client that runs there.
type typist struct {
	t     *testing.T
	cmd   *exec.Cmd
	file  *os.File // the user's end of the terminal
	given []string
	// The number of bytes of the output that the user has read.
	read int
	over chan struct{} // closed when the output ends

	mu  sync.Mutex
	out bytes.Buffer
}

// openTerminal runs a client at a terminal of its own, the only way to ask for a password.
func openTerminal(t *testing.T, dir, program string, args ...string) *typist {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	var number int
	// Fd would make reads block forever.
	raw, err := ours.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var lockErr, numberErr error
	err = raw.Control(func(fd uintptr) {
		lockErr = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		number, numberErr = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
	})
	if err != nil || lockErr != nil || numberErr != nil {
		t.Fatal(err, lockErr, numberErr)
	}
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	term := &typist{t: t, file: ours, cmd: exec.CommandContext(t.Context(), program, args...), over: make(chan struct{})}
	term.cmd.Dir = dir
	term.cmd.Env = append(os.Environ(), "HOME="+dir, "TERM=dumb", "SSH_AUTH_SOCK=", "SSH_ASKPASS=", "SSH_ASKPASS_REQUIRE=never")
	term.cmd.Stdin, term.cmd.Stdout, term.cmd.Stderr = theirs, theirs, theirs
	// The clients read passwords from /dev/tty.
	term.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := term.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(term.over)
		b := make([]byte, 4096)
		for {
			n, err := ours.Read(b)
			term.mu.Lock()
			term.out.Write(b[:n])
			term.mu.Unlock()
			if err != nil {
				return // EIO: the client has ended
			}
		}
	}()
	t.Cleanup(func() {
		_ = term.cmd.Process.Kill()
		// Has no effect if end has called it.
		_ = term.cmd.Wait()
		ours.Close()
		<-term.over
		t.Logf("[terminal]\n%s", term.shown())
	})
	return term
}

func (term *typist) shown() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.out.String()
}

func (term *typist) isOver() bool {
	select {
	case <-term.over:
		return true
	default:
		return false
	}
}

// wait waits until the text is shown.
func (term *typist) wait(text string) {
	term.t.Helper()
	if !eventually(func() bool { return strings.Contains(term.shown()[term.read:], text) || term.isOver() }) || !strings.Contains(term.shown()[term.read:], text) {
		term.t.Fatalf("the terminal never shows %q", text)
	}
	term.read += strings.Index(term.shown()[term.read:], text) + len(text)
}

// answer waits for the question and types a line.
func (term *typist) answer(question, line string) {
	term.t.Helper()
	term.wait(question)
	term.given = append(term.given, line)
	if _, err := term.file.WriteString(line + "\n"); err != nil {
		term.t.Fatal(err)
	}
}

// end waits for the client to exit.
func (term *typist) end() error {
	<-term.over
	return term.cmd.Wait()
}
