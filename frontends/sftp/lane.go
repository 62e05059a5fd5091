package sftp

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/pkg/sftp"

	"filegate/core/vfs"
)

// lane is a server of the library that serves one open file at a time: it opens, reads, writes and
// closes it. With a lane for each file, a slow CLOSE delays only its own file.
type lane struct {
	c       *channel
	handler laneHandlers

	mu     sync.Mutex
	more   *sync.Cond // signalled when one of the following has changed
	queue  []*request // not yet read by the library
	unread [][]byte   // the rest of the first request in queue
	closed bool

	handle string // the library's name of the file

	// The following fields belong to the goroutine in which the library sends answers.
	pending  chan *request // not yet answered by the library, which answers in order
	current  *request      // the request whose DATA is being sent
	left     int           // bytes of DATA that are left to send
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
		_ = server.Serve() // ends with the lane, after it has answered everything
	})
	return l
}

// send passes a request to the library.
func (l *lane) send(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending <- r // never blocks: it has room for maxOutstanding requests
	l.queue = append(l.queue, r)
	l.more.Signal()
}

// Close ends the lane after the library has read all requests. A file that is still open is
// discarded.
func (l *lane) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.more.Signal()
	return nil
}

// Read is called by the library to read requests.
func (l *lane) Read(p []byte) (int, error) {
	n, done, err := l.read(p)
	if done != nil {
		l.c.recycle(done) // without mu, because others take mu while they hold the channel's
	}
	return n, err
}

// read implements Read. done is the request that the library has now read to its end, or nil.
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

// Write is called by the library to send an answer, in one piece or in two. The second piece is the
// content of the file.
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

// gather collects an answer, and passes it on when it is complete. It returns how many bytes of p
// belong to it.
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

// answered passes on an answer of the library. It replaces the library's handle by the channel's
// own, and adds texts to statuses.
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

// laneHandlers are the handlers that the library calls in a lane.
type laneHandlers struct {
	lane    *lane
	opening *request // the OPEN that is being carried out; there is one at a time
	file    openFile // the file that it has opened
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

// Filecmd is never called: a lane gets only requests for its file.
func (h *laneHandlers) Filecmd(*sftp.Request) error { return status(vfs.ErrUnsupported) }

// Filelist is never called either.
func (h *laneHandlers) Filelist(*sftp.Request) (sftp.ListerAt, error) {
	return nil, status(vfs.ErrUnsupported)
}
