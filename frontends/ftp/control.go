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
	// maxCommand is the longest command line, in bytes: what the library can take.
	maxCommand = 4096
	// replyTimeout is how long a client may take to accept a reply.
	replyTimeout = time.Minute
)

var errLineTooLong = errors.New("the command line is too long")

// control is a client's control connection as the library sees it. It stands between the two, and
// does what the library does not do, or not well:
//
//   - TLS, so that on this side of it replies can be read: AUTH and CCC (RFC 4217);
//   - replies with the code that an error deserves, see [reply];
//   - only whole commands are passed on: the library would take half a DELE for one when the
//     connection breaks in the middle;
//   - commands that are not the library's are executed, see [client.perform];
//   - a connection that is to end, also of an idle client, does so in between two commands, with a
//     reply that says so.
//
// Read, Close and SetDeadline are called by the library's goroutine for the connection alone,
// replies are sent by the one of a transfer too.
type control struct {
	net.Conn              // the TCP connection
	tlsConfig *tls.Config // nil: there is no TLS here
	required  bool        // nothing important goes without TLS
	implicit  bool        // TLS from the first byte on, of data too
	clears    bool        // CCC is allowed
	keeps     bool        // a client that hangs up may have finished an upload

	working func() bool                                // whether a call of the storage is under way
	perform func(verb, arg string) (r *reply, ok bool) // see [client.perform]
	settle  func()                                     // waits for the end of a transfer

	names atomic.Pointer[naming] // how names are written

	stream   net.Conn // the TCP connection, or TLS over it
	secured  bool     // TLS is on
	cleared  bool     // CCC has ended it
	afterTLS bool     // records of TLS may still come, and are passed over
	loggedIn bool
	named    bool        // USER has come, and no PASS yet
	quitting atomic.Bool // the client has said good-bye
	left     atomic.Bool // the client has closed the connection
	in       *bufio.Reader
	part     []byte // of a command line
	line     []byte // of a command that the library has not taken yet
	passed   bool   // a PASS that comes now is one too many
	tries    int    // logins that were refused
	earlier  int    // commands before the login
	broken   error  // why no more is read
	spare    bool   // the library's next Close is not to be one
	departed bool   // the library takes the connection for closed
	leaving  bool   // REIN is being executed

	renaming atomic.Bool // RNFR was the last command, and has found its file

	deadlines sync.Mutex
	loginTime time.Duration
	loginBy   time.Time // no deadline is later than this, unless it is zero
	idle      time.Duration
	last      *reply // set when the connection is to end: what to say then

	writing  sync.Mutex
	out      []byte // of a reply
	skipping bool   // the reply to a login without a password is being written

	closing sync.Once
	closed  chan struct{}
}

func newControl(c net.Conn, loginTimeout, idle time.Duration) *control {
	loginBy := time.Now().Add(loginTimeout)
	urgentInline(c)
	c.SetReadDeadline(loginBy) // the handshake of implicit TLS comes before the library's first deadline
	ctl := &control{
		Conn: c, stream: c, in: bufio.NewReaderSize(c, maxCommand),
		loginTime: loginTimeout, loginBy: loginBy, idle: idle,
		working: func() bool { return false }, settle: func() {}, perform: func(string, string) (*reply, bool) { return nil, false },
		closed: make(chan struct{}),
	}
	ctl.names.Store(newNaming(nil))
	return ctl
}

// admit ends the deadline for the login.
func (c *control) admit() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.loggedIn, c.loginBy, c.earlier = true, time.Time{}, 0
}

// finish makes the connection end, with a last reply, as soon as no command is being executed.
func (c *control) finish(last *reply) {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.last = cmp.Or(c.last, last)
	c.Conn.SetReadDeadline(time.Unix(1, 0))
}

// lastWords is what finish was called with, or nil.
func (c *control) lastWords() *reply {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	return c.last
}

// SetDeadline is for reads: each reply has a deadline of its own, since the library sets one when
// it begins to wait for a command, and may answer much later.
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

// awaitCommand begins to count the time without a command anew.
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

// Read hands out the commands that the library is to see.
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
			// The library answers with QuitMessage and hangs up.
			c.settle()
			c.line = []byte("QUIT\r\n")
		case err != nil && c.keeps && gone(err) && c.left.CompareAndSwap(false, true):
			c.settle() // the client's last bytes may still be on their way to the storage
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

// readLine returns a whole line with its end. It is good until the next call.
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
			_ = c.answer(&reply{code: 500, text: "The command line is too long."}) // the next read fails too
			return nil, errLineTooLong
		case err == nil:
			line := withoutTelnet(c.part)
			c.part = c.part[:0]
			return line, nil
		case errors.Is(err, os.ErrDeadlineExceeded) && c.working() && c.lastWords() == nil:
			// The client is not idle but waiting for us.
			c.awaitCommand()
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// command returns the line as the library is to see it, or nothing when the command has been
// answered here.
func (c *control) command(line []byte) ([]byte, error) {
	line, err := c.readNames(line)
	if line == nil || err != nil {
		return nil, err
	}
	verb, arg, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	verb = strings.ToUpper(verb)
	if strings.HasSuffix(verb, "ABOR") { // some clients send halves of telnet's commands in front of it
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

// readNames returns a command line in UTF-8, or nothing where it has been refused. The name and the
// password of a login may be in UTF-8 before a client has said that it is: clients ask for that
// behind the login.
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

// isForTransfer reports whether a command is executed while a transfer is under way. Others wait
// for its end, so that replies come in the order of the commands.
func isForTransfer(verb, arg string) bool {
	return verb == "ABOR" || verb == "NOOP" || verb == "STAT" && arg == ""
}

// maxTries is how many refused logins end a connection.
const maxTries = 3

// refused is called when a login has been refused, behind which the library hangs up. A client that
// may try again is kept until it has had its tries.
func (c *control) refused(again bool) {
	c.tries++
	switch {
	case again && !c.loggedIn && c.tries < maxTries:
		c.keepOpen()
	case c.departed:
		c.finish(errNoMoreTries)
	}
}

// keepOpen makes a connection stay that the library is about to close. The library takes it for
// closed from then on, so it is ended here later.
func (c *control) keepOpen() {
	c.spare = !c.departed
	c.departed = true
}

// answer sends a reply of our own.
func (c *control) answer(r *reply) error {
	_, err := c.send(r.bytes())
	return err
}

// send sends whole lines.
func (c *control) send(lines []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.Conn.SetWriteDeadline(time.Now().Add(replyTimeout))
	if _, err := c.stream.Write(c.names.Load().write(lines)); err != nil {
		return 0, err
	}
	return len(lines), nil
}

// Write sends the library's replies, line by line.
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

// Close says good-bye as TLS wants it.
func (c *control) Close() error {
	if c.spare {
		c.spare = false
		return nil
	}
	err := c.stream.Close()
	c.closing.Do(func() { close(c.closed) })
	return err
}
