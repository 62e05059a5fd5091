package sftp

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"sync"

	"filegate/core/session"
	"filegate/core/vfs"
)

const (
	// maxOutstanding is how many requests of a channel may be unanswered. The next request is read
	// only when there are fewer, and enough memory for it.
	maxOutstanding = 128
	// maxCommands is how many requests about names may run at the same time.
	maxCommands = 16
	// maxSpareLanes is how many unused lanes are kept for further files.
	maxSpareLanes = 2
	// maxSpareBuffers is how many unused buffers are kept for further WRITEs.
	maxSpareBuffers = 4
)

// channel serves one client on one SSH channel. It reads the requests, and starts each one when all
// requests are answered that must be carried out before it; see [request.follows]. The library
// carries out READ, WRITE, OPEN and CLOSE of files, in a [lane] for each file. The functions in
// verbs carry out all others.
type channel struct {
	ctx    context.Context // ends with the channel; the library passes no such context
	sess   *session.Session
	stdio  io.Reader
	out    output
	limit  uint32 // the largest payload of a READ or WRITE that the client is told
	memory int    // limit for the memory of outstanding READs and WRITEs

	work sync.WaitGroup

	mu          sync.Mutex
	room        *sync.Cond // signalled when a request has been answered
	outstanding []*request
	taken       int        // memory of the outstanding requests
	commands    int        // running requests about names
	waiting     []*request // requests about names that wait because of maxCommands
	handles     map[string]*handle
	lastHandle  uint64
	spare       []*lane  // unused lanes
	buffers     [][]byte // unused buffers
}

// handle is an open file or directory.
type handle struct {
	name string // by which the client refers to it

	// path is the current name of the file; a rename changes it. It is empty if the file was
	// removed. The channel's mutex guards it.
	path vfs.Path

	file openFile // nil for a directory
	lane *lane    // nil for a directory
	dir  *listing // nil for a file

	flags uint32 // of the OPEN

	mu    sync.Mutex
	attrs vfs.Attrs // set by this client since it opened the file for reading
}

func (h *handle) reads() bool  { return h.file != nil && h.flags&openRead != 0 }
func (h *handle) writes() bool { return h.file != nil && h.flags&(openWrite|openAppend) != 0 }

func newChannel(ctx context.Context, sess *session.Session, stdio io.ReadWriter, limit uint32) *channel {
	c := &channel{
		ctx: ctx, sess: sess, stdio: stdio, out: output{to: stdio}, limit: limit, memory: memoryFactor * int(limit),
		handles: map[string]*handle{},
	}
	c.room = sync.NewCond(&c.mu)
	return c
}

// serve answers requests until the client sends no more, and returns when all are answered. It then
// discards the open files.
func (c *channel) serve() error {
	defer c.end()
	if err := c.greet(); err != nil {
		return err
	}
	for {
		packet, err := readPacket(c.stdio, c.buffer())
		if err != nil {
			return err
		}
		r, err := c.parse(packet)
		switch {
		case r == nil:
			return err
		case err != nil:
			if err := c.reply(r, nil, err); err != nil {
				return err
			}
		default:
			c.add(r)
		}
	}
}

// greet answers the client's first packet.
func (c *channel) greet() error {
	packet, err := readPacket(c.stdio, nil)
	switch {
	case err != nil:
		return err
	case packet[4] != typeInit || len(packet) < 9:
		return errPacket
	}
	p := binary.BigEndian.AppendUint32([]byte{typeVersion}, protocolVersion)
	return c.out.send(appendAnnounced(p))
}

// add queues a request. Before, it waits until there is room for it.
func (c *channel) add(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.outstanding) >= maxOutstanding || len(c.outstanding) > 0 && c.taken+r.memory() > c.memory && r.memory() > 0 {
		c.room.Wait()
	}
	c.order(r)
	c.outstanding = append(c.outstanding, r)
	c.taken += r.memory()
	c.tryStart(r)
}

// start runs a request that need not wait any more. It is called with mu held, and does not block.
func (c *channel) start(r *request) {
	switch {
	case r.verb.run != nil && c.commands == maxCommands:
		c.waiting = append(c.waiting, r)
	case r.verb.run != nil:
		c.commands++
		c.work.Go(func() { c.run(r) })
	case r.kind == typeOpen:
		l := c.takeLane()
		l.handler.opening, l.handler.file = r, nil
		l.send(r)
	default:
		r.handle.lane.send(r)
	}
}

// run runs a request about a name, and then the requests that have waited because of maxCommands.
func (c *channel) run(r *request) {
	for r != nil {
		packet, err := c.call(r)
		_ = c.reply(r, packet, err) // an error is the end of the connection, which the reader notices too
		c.finish(r)
		c.mu.Lock()
		if r = nil; len(c.waiting) > 0 {
			r, c.waiting = c.waiting[0], c.waiting[1:]
		} else {
			c.commands--
		}
		c.mu.Unlock()
	}
}

func (c *channel) call(r *request) (packet []byte, err error) {
	defer recoverTo(&err, c.sess)
	return r.verb.run(c, r)
}

// reply sends a packet, or the status for err.
func (c *channel) reply(r *request, packet []byte, err error) error {
	if err == nil && packet != nil {
		return c.out.send(packet)
	}
	code, text := codeOf(err)
	return c.out.send(statusPacket(r.id, code, text))
}

// finish removes a request that has been answered, and starts the requests that have waited for it.
func (c *channel) finish(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, o := range c.outstanding {
		if o == r {
			last := len(c.outstanding) - 1
			c.outstanding[i], c.outstanding[last] = c.outstanding[last], nil
			c.outstanding = c.outstanding[:last]
			break
		}
	}
	c.taken -= r.memory()
	c.release(r)
	c.room.Broadcast()
}

// end waits until all requests are answered, discards the open files, and waits for that.
func (c *channel) end() {
	c.mu.Lock()
	for len(c.outstanding) > 0 {
		c.room.Wait()
	}
	lanes, dirs := c.spare, []*listing(nil)
	for _, h := range c.handles {
		if h.dir != nil {
			dirs = append(dirs, h.dir)
		} else {
			lanes = append(lanes, h.lane)
		}
	}
	c.mu.Unlock()
	for _, l := range lanes {
		_ = l.Close()
	}
	for _, d := range dirs {
		_ = d.close()
	}
	c.work.Wait()
}

// takeLane returns an unused lane. It is called with mu held.
func (c *channel) takeLane() *lane {
	if last := len(c.spare) - 1; last >= 0 {
		l := c.spare[last]
		c.spare = c.spare[:last]
		return l
	}
	return newLane(c)
}

// rest takes back a lane whose file is closed.
func (c *channel) rest(l *lane) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spare) < maxSpareLanes {
		c.spare = append(c.spare, l)
		return
	}
	_ = l.Close()
}

// opened creates a handle for the file that the lane has opened, and returns the answer.
func (c *channel) opened(r *request, l *lane) []byte {
	return c.register(r, &handle{path: r.names[0].Path, file: l.handler.file, lane: l, flags: r.flags})
}

// register gives a handle a name and returns the answer with the name. A channel never uses a
// handle name twice.
func (c *channel) register(r *request, h *handle) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastHandle++
	h.name = strconv.FormatUint(c.lastHandle, 10)
	c.handles[h.name] = h
	return appendString(answer(typeHandle, r.id), h.name)
}

// lookup returns the handle with a name, or nil.
func (c *channel) lookup(name []byte) *handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handles[string(name)]
}

// forget removes a handle, so that lookup does not find it any more.
func (c *channel) forget(h *handle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.handles, h.name)
}

// pathOf returns the current name of an open file or directory. The error is ErrNotExist if it was
// removed.
func (c *channel) pathOf(h *handle) (vfs.Path, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.path == "" {
		return "", vfs.ErrNotExist
	}
	return h.path, nil
}

// renamed updates the names in the handles after a rename of their file, or of a directory above
// it.
func (c *channel) renamed(from, to vfs.Path) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.handles {
		switch {
		case h.path == "" || from == to:
		case from.Contains(h.path):
			h.path = to + h.path[len(from):]
		case h.path == to:
			h.path = "" // it was replaced
		}
	}
}

// removed updates the handles after a removal.
func (c *channel) removed(name vfs.Path) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.handles {
		if h.path == name {
			h.path = ""
		}
	}
}

// attrsSet updates the attributes in the handles that have a file open for reading.
func (c *channel) attrsSet(name vfs.Path, attrs vfs.Attrs) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.handles {
		if h.path == name {
			h.mu.Lock()
			h.attrs = h.attrs.With(attrs)
			h.mu.Unlock()
		}
	}
}

// buffer returns a buffer for the next packet. It may be nil.
func (c *channel) buffer() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.buffers) - 1
	if last < 0 {
		return nil
	}
	b := c.buffers[last]
	c.buffers = c.buffers[:last]
	return b
}

// recycle takes back the buffer of a request that does not need it any more.
func (c *channel) recycle(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.kind == typeWrite && len(c.buffers) < maxSpareBuffers {
		c.buffers = append(c.buffers, r.packet)
	}
	r.packet, r.data = nil, nil
}

// output sends answers, each as a whole, from several goroutines.
type output struct {
	mu     sync.Mutex
	to     io.Writer
	failed error
}

// send sends one packet.
func (o *output) send(packet []byte) error {
	o.begin()
	return o.piece(framed(packet), true)
}

// begin locks the output until the last piece of a packet has been sent.
func (o *output) begin() { o.mu.Lock() }

func (o *output) piece(p []byte, last bool) error {
	if last {
		defer o.mu.Unlock()
	}
	if o.failed == nil {
		_, o.failed = o.to.Write(p)
	}
	return o.failed
}

// hungUp reports whether err means that the client has closed the connection.
func hungUp(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
