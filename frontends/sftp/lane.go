package sftp

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/pkg/sftp"

	"filegate/core/vfs"
)

// lane is a server of the library for one open file at a time: it opens, reads, writes and closes
// it. So a slow CLOSE holds up only its own file.
type lane struct {
	c       *channel
	handler laneHandlers

	mu     sync.Mutex
	more   *sync.Cond // when one of these has changed
	queue  []*request // that the library has not read
	unread [][]byte   // what it has to read yet of the first
	closed bool

	handle string // the library's name for the file

	// What follows belongs to the goroutine in which the library sends.
	pending  chan *request // that the library has not answered: it answers in their order
	current  *request      // whose DATA is on its way
	left     int           // of that
	gathered []byte        // the beginning of any other answer
}

func newLane(c *channel) *lane {
	l := &lane{c: c, pending: make(chan *request, maxOutstanding)}
	l.handler.lane = l
	l.more = sync.NewCond(&l.mu)
	server := sftp.NewRequestServer(l,
		sftp.Handlers{FileGet: &l.handler, FilePut: &l.handler, FileCmd: &l.handler, FileList: &l.handler},
		sftp.WithRSMaxTxPacket(maxPayload))
	c.work.Go(func() {
		_ = server.Serve() // that ends with the lane, and answers whatever goes wrong before
	})
	return l
}

// send gives a request to the library.
func (l *lane) send(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending <- r // which has room for all that may be outstanding
	l.queue = append(l.queue, r)
	l.more.Signal()
}

// Close ends the lane when the library has read what it was sent. A file that is open then is given
// up.
func (l *lane) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.more.Signal()
	return nil
}

// Read is where the library reads requests.
func (l *lane) Read(p []byte) (int, error) {
	n, done, err := l.read(p)
	if done != nil {
		l.c.recycle(done) // without mu, which is taken by whoever has the channel's
	}
	return n, err
}

// read returns the request that the library has read to its end with this, if it has.
func (l *lane) read(p []byte) (n int, done *request, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 {
		if l.closed {
			return 0, nil, io.EOF
		}
		l.more.Wait()
	}
	r := l.queue[0]
	if l.unread == nil {
		l.unread = [][]byte{r.forLibrary(l.handle), r.data}
	}
	n = copy(p, l.unread[0])
	l.unread[0] = l.unread[0][n:]
	for len(l.unread) > 0 && len(l.unread[0]) == 0 {
		l.unread = l.unread[1:]
	}
	if len(l.unread) > 0 {
		return n, nil, nil
	}
	l.unread, l.queue[0], l.queue = nil, nil, l.queue[1:]
	return n, r, nil
}

// Write is where the library sends its answers, each in one piece or two, of which the first has
// all but the content of the file.
func (l *lane) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		switch {
		case l.left > 0:
			n := min(l.left, len(rest))
			l.left -= n
			err := l.c.out.piece(rest[:n], l.left == 0)
			if l.left == 0 {
				l.c.finish(l.current)
			}
			if err != nil {
				return 0, err
			}
			rest = rest[n:]
		case len(l.gathered) == 0 && len(rest) > 4 && rest[4] == typeData:
			l.current, l.left = <-l.pending, 4+int(binary.BigEndian.Uint32(rest))
			l.c.out.begin()
		default:
			n, err := l.gather(rest)
			if err != nil {
				return 0, err
			}
			rest = rest[n:]
		}
	}
	return len(p), nil
}

// gather collects an answer, and passes it on when it is whole. It returns how much of p belongs to
// it.
func (l *lane) gather(p []byte) (int, error) {
	before := len(l.gathered)
	l.gathered = append(l.gathered, p...)
	if len(l.gathered) < 4 {
		return len(p), nil
	}
	whole := 4 + int(binary.BigEndian.Uint32(l.gathered))
	if len(l.gathered) < whole {
		return len(p), nil
	}
	packet := l.gathered[4:whole]
	l.gathered = nil
	return whole - before, l.answered(<-l.pending, packet)
}

// answered passes on an answer of the library: the handle is one of the channel's own, and a status
// has a text.
func (l *lane) answered(r *request, packet []byte) error {
	defer l.c.finish(r)
	switch {
	case packet[0] == typeHandle:
		f := fields{rest: packet[5:]}
		l.mu.Lock()
		l.handle = f.string()
		l.mu.Unlock()
		return l.c.out.send(l.c.opened(r, l))
	case packet[0] != typeStatus:
		return l.c.out.send(packet)
	}
	if r.kind == typeOpen || r.kind == typeClose {
		l.c.rest(l)
	}
	f := fields{rest: packet[5:]}
	code, text := f.uint32(), f.string()
	if text == "" || code == statusEOF {
		text = statusText(code)
	}
	return l.c.out.send(statusPacket(r.id, code, text))
}

// laneHandlers is what the library calls in a lane.
type laneHandlers struct {
	lane    *lane
	opening *request // the OPEN under way, of which there is one at a time
	file    openFile // that it has opened
}

var (
	_ sftp.FileReader     = (*laneHandlers)(nil)
	_ sftp.OpenFileWriter = (*laneHandlers)(nil)
)

// Fileread opens a file for reading.
func (h *laneHandlers) Fileread(*sftp.Request) (_ io.ReaderAt, err error) {
	c, r := h.lane.c, h.opening
	defer recoverTo(&err, c.sess)
	f, err := c.sess.Open(c.ctx, r.names[0].Path, vfs.OpenOptions{})
	if err != nil {
		return nil, status(err)
	}
	rd := &reader{file: f, sess: c.sess}
	h.file = rd
	return rd, nil
}

// Filewrite opens a file for writing.
func (h *laneHandlers) Filewrite(*sftp.Request) (io.WriterAt, error) { return h.openWriter() }

// OpenFile opens a file for reading and writing.
func (h *laneHandlers) OpenFile(*sftp.Request) (sftp.WriterAtReaderAt, error) { return h.openWriter() }

func (h *laneHandlers) openWriter() (_ *writer, err error) {
	c, r := h.lane.c, h.opening
	defer recoverTo(&err, c.sess)
	w, err := c.sess.OpenWriter(c.ctx, r.names[0].Path, vfs.WriteOptions{
		Create: r.flags&openCreate != 0, Exclusive: r.flags&(openCreate|openExcl) == openCreate|openExcl, Truncate: r.flags&openTrunc != 0,
		Read: r.flags&openRead != 0, Mode: r.attrs.creationMode(),
	})
	if err != nil {
		return nil, status(err)
	}
	if r.flags&(openTrunc|openExcl|openAppend) == 0 {
		if err := c.sess.ExpectResumption(w); err != nil {
			return nil, status(errors.Join(err, w.Close()))
		}
	}
	wr := &writer{under: w, ctx: c.ctx, sess: c.sess, appends: r.flags&openAppend != 0}
	h.file = wr
	return wr, nil
}

// Filecmd and Filelist are never called: a lane is sent nothing but requests for its file.
func (h *laneHandlers) Filecmd(*sftp.Request) error { return status(vfs.ErrUnsupported) }

// Filelist is like Filecmd.
func (h *laneHandlers) Filelist(*sftp.Request) (sftp.ListerAt, error) {
	return nil, status(vfs.ErrUnsupported)
}
