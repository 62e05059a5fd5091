package ftp

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	// maxCommand is the longest command line, in bytes, which is that of the library.
	maxCommand = 4096
	// replyTimeout is how long a client may take to receive a reply.
	replyTimeout = time.Minute
)

var errLineTooLong = errors.New("the command line is too long")

// control is a client's control connection as the library sees it. It is between the client and the
// library, and does what the library does not do, or not well:
//
//   - It does TLS, so that replies can be rewritten before they are encrypted: AUTH and CCC (RFC
//     4217).
//   - It sends the right reply codes for errors, see [reply].
//   - It passes on only complete commands. If the connection breaks in the middle of a DELE, the
//     library would execute the first half.
//   - It executes the commands that are not passed on to the library, see [client.perform].
//   - It ends a connection between two commands, with a last reply, even if the client is idle.
//
// Only the library's goroutine for the connection calls Read, Close and SetDeadline. The goroutine
// of a transfer sends replies too.
type control struct {
	net.Conn              // the TCP connection
	tlsConfig *tls.Config // nil: TLS is off
	required  bool        // logins and data need TLS
	implicit  bool        // TLS from the first byte on, also for data
	clears    bool        // CCC is allowed
	keeps     bool        // hangup = "keep": a client that disconnects may have finished an upload

	working func() bool                                // reports whether a storage call is running
	perform func(verb, arg string) (r *reply, ok bool) // see [client.perform]
	settle  func()                                     // waits for the end of a transfer

	names atomic.Pointer[naming] // the form of names

	stream   net.Conn // the TCP connection, or TLS over it
	secured  bool     // TLS is on
	cleared  bool     // CCC has ended TLS
	afterTLS bool     // TLS records may still arrive, and are skipped
	loggedIn bool
	named    bool        // USER was received, and no PASS since
	quitting atomic.Bool // the client has sent QUIT
	left     atomic.Bool // the client has closed the connection
	in       *bufio.Reader
	part     []byte // of an incomplete command line
	line     []byte // the rest of a command for the library
	passed   bool   // if a PASS comes now, it is not needed any more
	tries    int    // number of refused logins
	earlier  int    // number of commands before the login
	broken   error  // why reading has ended
	spare    bool   // the library's next Close must be ignored
	departed bool   // the library regards the connection as closed
	leaving  bool   // REIN is being executed

	renaming atomic.Bool // RNFR was the last command, and has found its file

	deadlines sync.Mutex
	loginTime time.Duration
	loginBy   time.Time // all deadlines are limited to this time; zero: no limit
	idle      time.Duration
	last      *reply // set if the connection must end: the last reply

	writing  sync.Mutex
	out      []byte // an incomplete line of a reply
	skipping bool   // the reply to a login without a password is being written

	closing sync.Once
	closed  chan struct{}
}

func newControl(c net.Conn, loginTimeout, idle time.Duration) *control {
	loginBy := time.Now().Add(loginTimeout)
	urgentInline(c)
	c.SetReadDeadline(loginBy) // for the TLS handshake of implicit mode, before the library sets a deadline
	ctl := &control{
		Conn: c, stream: c, in: bufio.NewReaderSize(c, maxCommand),
		loginTime: loginTimeout, loginBy: loginBy, idle: idle,
		working: func() bool { return false }, settle: func() {}, perform: func(string, string) (*reply, bool) { return nil, false },
		closed: make(chan struct{}),
	}
	ctl.names.Store(newNaming(nil))
	return ctl
}

// admit removes the deadline of the login.
func (c *control) admit() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.loggedIn, c.loginBy, c.earlier = true, time.Time{}, 0
}

// finish ends the connection with a last reply, as soon as no command is being executed.
func (c *control) finish(last *reply) {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.last = cmp.Or(c.last, last)
	c.Conn.SetReadDeadline(time.Unix(1, 0))
}

// lastWords returns the reply that was passed to finish, or nil.
func (c *control) lastWords() *reply {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	return c.last
}

// SetDeadline sets the read deadline. Each reply has its own write deadline, because the library
// sets a deadline when it begins to wait for a command, and may answer much later.
func (c *control) SetDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if idle := time.Now().Add(c.idle); t.After(idle) {
		t = idle
	}
	switch {
	case c.last != nil:
		t = time.Unix(1, 0)
	case !c.loginBy.IsZero() && t.After(c.loginBy):
		t = c.loginBy
	}
	return c.Conn.SetReadDeadline(t)
}

// awaitCommand restarts the idle timeout.
func (c *control) awaitCommand() { _ = c.SetDeadline(time.Now().Add(c.idleTimeout())) }

func (c *control) idleTimeout() time.Duration {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	return c.idle
}

func (c *control) setIdleTimeout(idle time.Duration) {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.idle = idle
}

// Read returns the commands for the library.
func (c *control) Read(p []byte) (int, error) {
	if c.leaving {
		if err := c.endRein(); err != nil {
			return 0, err
		}
	}
	for len(c.line) == 0 {
		line, err := c.readLine()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.finish(errIdle)
		}
		switch {
		case c.lastWords() != nil:
			// The library answers with QuitMessage and disconnects.
			c.settle()
			c.line = []byte("QUIT\r\n")
		case err != nil && c.keeps && gone(err) && c.left.CompareAndSwap(false, true):
			c.settle() // the storage may still be receiving the client's last bytes
			c.line = []byte("QUIT\r\n")
		case err != nil:
			c.left.Store(true)
			c.broken = err
			return 0, err
		default:
			if c.line, err = c.command(line); err != nil {
				c.broken = err
				return 0, err
			}
		}
	}
	n := copy(p, c.line)
	c.line = c.line[n:]
	return n, nil
}

// readLine returns a complete line with its end. It is valid until the next call.
func (c *control) readLine() ([]byte, error) {
	for {
		if c.afterTLS {
			if err := c.passOverTLS(); err != nil {
				return nil, err
			}
		}
		part, err := c.in.ReadSlice('\n')
		c.part = append(c.part, part...)
		switch {
		case len(c.part) > maxCommand:
			// An error will show at the next read.
			_ = c.answer(&reply{code: 500, text: "The command line is too long."})
			return nil, errLineTooLong
		case err == nil:
			line := withoutTelnet(c.part)
			c.part = c.part[:0]
			return line, nil
		case errors.Is(err, os.ErrDeadlineExceeded) && c.working() && c.lastWords() == nil:
			// The client is not idle: it waits for the server.
			c.awaitCommand()
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// command returns the line for the library, or nothing if the command has been answered here.
func (c *control) command(line []byte) ([]byte, error) {
	line, err := c.readNames(line)
	if line == nil || err != nil {
		return nil, err
	}
	verb, arg, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	verb = strings.ToUpper(verb)
	if strings.HasSuffix(verb, "ABOR") { // some clients send incomplete telnet commands before it
		verb = "ABOR"
	}
	if !c.loggedIn {
		if err := c.early(arg); err != nil || c.lastWords() != nil {
			return nil, err
		}
	}
	if verb == "QUIT" {
		c.quitting.Store(true)
	}
	if !isForTransfer(verb, arg) {
		c.settle()
	}
	passed := c.passed
	c.passed = false
	renaming := c.renaming.Swap(false)
	var r *reply
	switch verb {
	case "RNTO":
		if !renaming {
			r = &reply{code: 503, text: "Send RNFR first."}
		}
	case "USER":
		if c.required && !c.secured {
			r = errTLSRequired
		}
		c.named = r == nil
	case "PASS":
		named := c.named
		c.named = false
		switch {
		case passed:
			r = &reply{code: 202, text: "No password is needed; the certificate was accepted."}
		case c.required && !c.secured:
			r = errTLSRequired
		case !named:
			r = &reply{code: 503, text: "Send USER first."}
		}
	case "AUTH":
		return nil, c.auth(arg)
	case "CCC":
		return nil, c.ccc()
	case "REIN":
		return c.reinitialize()
	}
	if r != nil {
		return nil, c.answer(r)
	}
	if r, done := c.perform(verb, arg); done {
		if r == nil {
			return nil, nil
		}
		return nil, c.answer(r)
	}
	if again := rewrite(verb, arg); again != joinCommand(verb, arg) {
		return []byte(again + "\r\n"), nil
	}
	return line, nil
}

// readNames returns a command line in UTF-8, or nothing if it was refused. The user's name and
// password may always be in UTF-8, because clients request UTF-8 only after the login.
func (c *control) readNames(line []byte) ([]byte, error) {
	if len(line) > 5 && utf8.Valid(line) && (strings.EqualFold(string(line[:5]), "USER ") || strings.EqualFold(string(line[:5]), "PASS ")) {
		return line, nil
	}
	read, ok := c.names.Load().read(line)
	switch {
	case !ok:
		return nil, c.answer(&reply{code: 501, text: "The command contains bytes that are not valid in the character set " + c.names.Load().charset.name + "; send OPTS UTF8 ON if it is in UTF-8."})
	case len(read) > maxCommand:
		return nil, c.answer(&reply{code: 500, text: "The command line is too long."})
	}
	return read, nil
}

// isForTransfer reports whether a command is executed during a transfer. All others wait for its
// end, so that the replies are in the order of the commands.
func isForTransfer(verb, arg string) bool {
	return verb == "ABOR" || verb == "NOOP" || verb == "STAT" && arg == ""
}

// maxTries is the number of refused logins after which a connection ends.
const maxTries = 3

// refused is called when a login has been refused. The library would then disconnect the client.
// With again, a client stays connected until it has used up maxTries.
func (c *control) refused(again bool) {
	c.tries++
	switch {
	case again && !c.loggedIn && c.tries < maxTries:
		c.keepOpen()
	case c.departed:
		c.finish(errNoMoreTries)
	}
}

// keepOpen keeps a connection open that the library is about to close. The library regards it as
// closed from then on, so this package closes it later.
func (c *control) keepOpen() {
	c.spare = !c.departed
	c.departed = true
}

// answer sends a reply of this package.
func (c *control) answer(r *reply) error {
	_, err := c.send(r.bytes())
	return err
}

// send sends complete lines.
func (c *control) send(lines []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.Conn.SetWriteDeadline(time.Now().Add(replyTimeout))
	if _, err := c.stream.Write(c.names.Load().write(lines)); err != nil {
		return 0, err
	}
	return len(lines), nil
}

// Write sends the replies of the library, line by line.
func (c *control) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.out = append(c.out, p...)
	var lines strings.Builder
	for {
		line, rest, ok := strings.Cut(string(c.out), "\r\n")
		if !ok {
			break
		}
		c.out = append(c.out[:0], rest...)
		line = c.amend(line)
		if c.skipping {
			line, c.skipping = withoutPassword(line)
		}
		if line != "" {
			fmt.Fprintf(&lines, "%s\r\n", line)
		}
	}
	c.Conn.SetWriteDeadline(time.Now().Add(replyTimeout))
	if _, err := c.stream.Write(c.names.Load().write([]byte(lines.String()))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close closes the connection, with close_notify if TLS is on.
func (c *control) Close() error {
	if c.spare {
		c.spare = false
		return nil
	}
	err := c.stream.Close()
	c.closing.Do(func() { close(c.closed) })
	return err
}
