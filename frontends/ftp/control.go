package ftp

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxCommand is the longest command line, in bytes: what the library can take.
	maxCommand = 4096
	// replyTimeout is how long a client may take to accept a reply.
	replyTimeout = time.Minute
)

var errLineTooLong = errors.New("the command line is too long")

// control is a client's control connection as the library sees it. It stands between the two, and does what the library does not do, or not well:
//
//   - TLS, so that on this side of it replies can be read: AUTH, and PROT without it (RFC 4217);
//   - replies with the code that an error deserves, see [reply];
//   - only whole commands are passed on: the library would take half a DELE for one when the connection breaks in the middle;
//   - a connection that is to end, also of an idle client, does so in between two commands, with a reply that says so.
//
// Read, Close and SetDeadline are called by the library's goroutine for the connection alone, Write by the one of a transfer too.
type control struct {
	net.Conn              // the TCP connection
	tlsConfig *tls.Config // nil: there is no TLS here
	required  bool        // nothing important goes without TLS
	implicit  bool        // TLS from the first byte on, of data too
	working   func() bool // whether a call of the storage is under way

	active     bool           // the server connects to the client if asked to
	activeDeny []netip.Prefix // where it does not
	spaceKnown func() bool    // whether the free space can be told
	keeps      bool           // a client that hangs up may have finished an upload

	stream   net.Conn // the TCP connection, or TLS over it
	secured  bool     // TLS is on
	loggedIn bool
	quitting atomic.Bool // the client has said good-bye
	left     atomic.Bool // the client has closed the connection
	in       *bufio.Reader
	part     []byte // of a command line
	line     []byte // of a command that the library has not taken yet
	passed   bool   // a PASS that comes now is one too many
	epsvAll  bool   // the client has said that it uses nothing but EPSV
	tries    int    // logins that were refused
	earlier  int    // commands before the login
	spare    bool   // the library's next Close is not to be one

	renaming atomic.Bool            // RNFR was the last command, and has found its file
	unique   atomic.Pointer[string] // the name that STOU has made, until the client is told
	listings listRequests

	rest       int64        // what REST has said, until a transfer
	appendFrom atomic.Int64 // the same for APPE: the library forgets it

	deadlines sync.Mutex
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
	return &control{
		Conn: c, stream: c, in: bufio.NewReaderSize(c, maxCommand),
		loginBy: loginBy, idle: idle, working: func() bool { return false }, spaceKnown: func() bool { return false },
		closed: make(chan struct{}),
	}
}

// secure turns TLS on. The handshake happens with the next Read or Write.
func (c *control) secure() {
	c.stream = tls.Server(c.Conn, c.tlsConfig)
	c.in.Reset(c.stream)
	c.secured = true
}

// admit ends the deadline for the login.
func (c *control) admit() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.loggedIn, c.loginBy = true, time.Time{}
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

// SetDeadline is for reads: each reply has a deadline of its own, since the library sets one when it begins to wait for a command, and may answer much later.
func (c *control) SetDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	switch {
	case c.last != nil:
		t = time.Unix(1, 0)
	case !c.loginBy.IsZero() && t.After(c.loginBy):
		t = c.loginBy
	}
	return c.Conn.SetReadDeadline(t)
}

// Read hands out the commands that the library is to see.
func (c *control) Read(p []byte) (int, error) {
	for len(c.line) == 0 {
		line, err := c.readLine()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.finish(errIdle)
		}
		switch {
		case c.lastWords() != nil:
			// The library waits for the transfer that is under way, if any, answers with QuitMessage and hangs up.
			c.line = []byte("QUIT\r\n")
		case err != nil && c.keeps && gone(err) && c.left.CompareAndSwap(false, true):
			c.line = []byte("QUIT\r\n") // likewise: the client's last bytes may still be on their way to the storage
		case err != nil:
			c.left.Store(true)
			return 0, err
		default:
			if c.line, err = c.command(line); err != nil {
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
		part, err := c.in.ReadSlice('\n')
		c.part = append(c.part, part...)
		switch {
		case len(c.part) > maxCommand:
			_ = c.answer(&reply{500, "The line is too long."}) // the next read fails too
			return nil, errLineTooLong
		case err == nil:
			line := withoutTelnet(c.part)
			c.part = c.part[:0]
			return line, nil
		case errors.Is(err, os.ErrDeadlineExceeded) && c.working() && c.lastWords() == nil:
			// The client is not idle but waiting for us.
			_ = c.SetDeadline(time.Now().Add(c.idle)) // the next read fails too
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// command returns the line as the library is to see it, or nothing when the command has been answered here.
func (c *control) command(line []byte) ([]byte, error) {
	verb, arg, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	verb = strings.ToUpper(verb)
	if !c.loggedIn {
		if err := c.early(arg); err != nil || c.lastWords() != nil {
			return nil, err
		}
	}
	passed := c.passed
	c.passed = false
	renaming := c.renaming.Swap(false)
	switch verb {
	case "RNTO":
		if !renaming {
			return nil, c.answer(&reply{503, "RNFR comes first."})
		}
	case "PASS":
		if passed {
			return nil, c.answer(&reply{202, "No password is needed: the certificate was enough."})
		}
	case "AUTH":
		return nil, c.auth(arg)
	case "PBSZ":
		if !c.secured {
			return nil, c.answer(errAuthFirst)
		}
	case "PROT":
		return c.prot(strings.ToUpper(arg))
	case "REST":
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || n < 0 {
			return nil, c.answer(&reply{501, "REST takes a number of bytes."})
		}
		c.rest = n
	case "APPE":
		c.appendFrom.Store(c.rest)
		c.rest = 0
	case "RETR", "STOR", "STOU", "LIST", "NLST":
		c.rest = 0
	case "STRU":
		if strings.EqualFold(arg, "F") {
			return nil, c.answer(&reply{200, "The structure is that of a file."})
		}
		return nil, c.answer(&reply{504, "There is only the structure of a file (STRU F)."})
	case "HELP":
		return nil, c.answer(&reply{214, "Commands are those of RFC 959, 2389, 2428, 3659 and 4217, see FEAT."})
	case "QUIT":
		c.quitting.Store(true)
	}
	if !c.loggedIn {
		return line, nil
	}
	switch verb {
	case "XCUP", "ALLO", "OPTS", "MODE", "MDTM", "MFF", "STOU", "LIST", "NLST", "MLSD", "PASV", "EPSV", "PORT", "EPRT":
		rewritten, r := c.rewrite(verb, arg)
		if r != nil {
			return nil, c.answer(r)
		}
		return []byte(rewritten + "\r\n"), nil
	}
	return line, nil
}

// maxTries is how many refused logins end a connection.
const maxTries = 3

// refused is called when a login has been refused, behind which the library hangs up. A client that may try again is kept until it has had its tries.
// The library takes the connection for closed from the first refusal on, so it is ended here later.
func (c *control) refused(again bool) {
	c.tries++
	switch {
	case again && !c.loggedIn && c.tries < maxTries:
		c.spare = c.tries == 1
	case c.tries > 1:
		c.finish(errNoMoreTries)
	}
}

var (
	errAuthFirst = &reply{503, "AUTH TLS comes first."}
	errNoTLS     = &reply{502, "There is no TLS on this server."}
)

// auth executes AUTH (RFC 4217, section 4). What the client has sent behind it, in clear, is not taken for a command.
func (c *control) auth(mechanism string) error {
	switch {
	case c.tlsConfig == nil:
		return c.answer(errNoTLS)
	case c.secured:
		return c.answer(&reply{503, "TLS is on already."})
	case c.loggedIn:
		return c.answer(&reply{503, "AUTH comes before USER."})
	}
	switch strings.ToUpper(mechanism) {
	case "TLS", "TLS-C", "SSL":
	default:
		return c.answer(&reply{504, "There is only AUTH TLS."})
	}
	if c.in.Buffered() > 0 {
		return errors.New("the client has sent commands behind AUTH, in clear")
	}
	if err := c.answer(&reply{234, "Go on with TLS."}); err != nil {
		return err
	}
	c.secure()
	return nil
}

// prot checks PROT (RFC 4217, section 9): the library takes all but "P" for clear, without a word.
func (c *control) prot(level string) ([]byte, error) {
	switch {
	case !c.secured:
		return nil, c.answer(errAuthFirst)
	case level == "C" && (c.required || c.implicit):
		return nil, c.answer(&reply{534, "Data goes over TLS only: PROT P."})
	case level == "P", level == "C":
		return []byte("PROT " + level + "\r\n"), nil
	}
	return nil, c.answer(&reply{504, "There are PROT P and PROT C."})
}

// answer sends a reply of our own.
func (c *control) answer(r *reply) error {
	_, err := fmt.Fprintf(c, "%d %s\r\n", r.code, r.Error())
	return err
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
	if _, err := c.stream.Write([]byte(lines.String())); err != nil {
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
