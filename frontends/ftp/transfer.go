package ftp

import (
	"context"
	"fmt"
	"sync"
)

// transfer is a command that takes long and has its own goroutine: RETR, STOR, a listing, or a
// checksum. Meanwhile ABOR, NOOP and STAT are answered; all other commands wait, see isForTransfer.
type transfer struct {
	command string // as STAT shows it
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed after the reply

	mu      sync.Mutex
	aborted bool      // by ABOR
	sealed  bool      // an upload is being committed: ABOR has no effect any more
	conn    *dataConn // nil: not open
}

// begin executes work in the background. The reply that work returns is sent to the client.
func (c *client) begin(d *driver, command string, work func(*transfer) *reply) *reply {
	if err := c.enter(); err != nil {
		return asReply(err)
	}
	t := &transfer{command: command, done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(d.session.Context())
	c.mu.Lock()
	c.transfer = t
	c.mu.Unlock()
	go func() {
		defer c.leave()
		defer close(t.done)
		r := t.run(d, work)
		t.cancel()
		_ = c.control.answer(r) // an error will show at the next read
		c.control.awaitCommand()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.transfer = nil
	}()
	return nil
}

func (t *transfer) run(d *driver, work func(*transfer) *reply) *reply {
	r, err := func() (r *reply, err error) {
		defer recoverTo(&err, d.session.Log())
		return work(t), nil
	}()
	if err != nil {
		r = asReply(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.aborted {
		return errAborted
	}
	return r
}

// underWay returns the running transfer, or nil.
func (c *client) underWay() *transfer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transfer
}

// settle waits for the end of the running transfer.
func (c *client) settle() {
	if t := c.underWay(); t != nil {
		<-t.done
	}
}

// abort executes ABOR (RFC 959, section 4.1.3). The reply of the transfer comes first.
func (c *client) abort() *reply {
	if t := c.underWay(); t != nil {
		t.abort()
		<-t.done
	} else {
		c.setSource(nil)
	}
	return &reply{code: 226, text: "No transfer is in progress."}
}

func (t *transfer) abort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sealed {
		return
	}
	t.aborted = true
	t.cancel()
	if t.conn != nil {
		t.conn.Conn.Close()
	}
}

// cut breaks off the data connection.
func (t *transfer) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		t.cancel() // the transfer may be waiting for the data connection
		return
	}
	t.conn.Conn.Close()
}

// use makes conn the transfer's data connection. It returns false if the transfer has ended.
func (t *transfer) use(conn *dataConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.aborted || t.ctx.Err() != nil {
		return false
	}
	t.conn = conn
	return true
}

// seal makes a later ABOR ineffective. It returns false if ABOR came first.
func (t *transfer) seal() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed = !t.aborted
	return t.sealed
}

// payload is what a transfer sends or receives over a data connection.
type payload interface {
	// announce returns the text of the reply 150.
	announce() string
	// carry sends or receives everything. Its errors are a [reply].
	carry(t *transfer, s *dataStream) error
	// Close discards what carry has not completed.
	Close() error
}

// move begins a transfer of the payload that open returns.
func (c *client) move(d *driver, command string, open func(context.Context) (payload, error)) *reply {
	params := c.params.take()
	return c.begin(d, command, func(t *transfer) *reply {
		p, err := open(t.ctx)
		if err != nil {
			return asReply(failure(err))
		}
		defer p.Close()
		s, r := c.connect(t, params, p.announce())
		if r != nil {
			return r
		}
		defer s.Close()
		if err := p.carry(t, s); err != nil {
			s.cut()
			return asReply(failure(err))
		}
		s.Close()
		return &reply{code: 226, text: "The transfer is complete."}
	})
}

// status executes STAT without an argument.
func (c *client) status(d *driver) *reply {
	lines := []string{
		" Connected from " + c.conn.Remote.Addr().String(),
		" Logged in as " + d.session.User(),
		fmt.Sprintf(" TYPE: %s, STRU: F, MODE: %s", c.params.typeName(), c.params.modeName()),
	}
	if t := c.underWay(); t != nil {
		lines = append(lines, " Under way: "+t.command)
	}
	return &reply{code: 211, text: "This is filegate.", lines: lines, last: "End."}
}
