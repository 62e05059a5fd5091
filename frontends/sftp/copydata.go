package sftp

import (
	"encoding/binary"
	"io"
	"math"
	"reflect"
	"sync"

	"github.com/pkg/sftp"

	"filegate/core/session"
	"filegate/core/vfs"
)

// copyRequest is what a client asks for with copy-data.
type copyRequest struct {
	from   string // handle
	off    uint64
	length uint64 // 0: to the end
	to     string // handle
	at     uint64
}

// parseCopy takes what follows the name in the packet.
func parseCopy[T string | []byte](text T) (c copyRequest, ok bool) {
	p := []byte(text)
	if c.from, p, ok = cutString(p); !ok || len(p) < 16 {
		return c, false
	}
	c.off, c.length = binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:])
	if c.to, p, ok = cutString(p[16:]); !ok || len(p) != 8 {
		return c, false
	}
	c.at = binary.BigEndian.Uint64(p)
	return c, true
}

// cutString takes a string off the front of a packet.
func cutString(p []byte) (s string, rest []byte, ok bool) {
	if len(p) < 4 {
		return "", nil, false
	}
	n := binary.BigEndian.Uint32(p)
	if p = p[4:]; uint64(n) > uint64(len(p)) {
		return "", nil, false
	}
	return string(p[:n]), p[n:], true
}

// copyData copies from one open file to another. As OpenSSH's server does it, it ends with EOF where there is less to copy than was asked for, and
// with a failure where both are the same file.
func (h *handlers) copyData(text string) error {
	c, ok := parseCopy(text)
	if !ok {
		return vfs.Errorf(vfs.ErrInvalid, "malformed request for a copy")
	}
	to, ok := h.open.get(c.to).(*writer)
	if !ok {
		return vfs.Errorf(vfs.ErrInvalid, "a copy needs a file that is open for writing")
	}
	n, err := h.copyTo(to, c)
	if err != nil {
		to.broken.Store(true)
		return err
	}
	if c.length > 0 && uint64(n) < c.length {
		return io.EOF
	}
	return nil
}

func (h *handlers) copyTo(to *writer, c copyRequest) (int64, error) {
	if c.off > math.MaxInt64 || c.length > math.MaxInt64 || c.at > math.MaxInt64 {
		return 0, vfs.Errorf(vfs.ErrInvalid, "no file is that large")
	}
	opened := h.open.get(c.from)
	if opened == nil {
		return 0, vfs.Errorf(vfs.ErrInvalid, "a copy needs a file that is open for reading")
	}
	from, err := opened.source()
	if err != nil {
		return 0, err
	}
	part := session.Range{Off: int64(c.off), Len: int64(c.length)}
	if c.length == 0 {
		part.Len = -1
	}
	return h.sess.CopyRange(h.ctx, from, part, to.under, int64(c.at))
}

// openFile is a file that a client has open.
type openFile interface {
	// source is what reads from it.
	source() (io.ReaderAt, error)
}

// handles are the open files by the library's names for them. The zero value is ready for use.
type handles struct {
	mu   sync.Mutex
	open map[string]openFile
}

// add notes what a request has opened, and returns what forgets it.
func (h *handles) add(r *sftp.Request, f openFile) (forget func()) {
	name := handleOf(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = map[string]openFile{}
	}
	h.open[name] = f
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.open, name)
	}
}

// get returns what is open under a name, or nil.
func (h *handles) get(name string) openFile {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open[name]
}

// handleOf is the handle that the library gives to the client for what a request opens. It shows that to nobody else: hence a look into its
// field. Where there is none any more, no copy finds its files, and the tests say so.
func handleOf(r *sftp.Request) string {
	if f := reflect.ValueOf(r).Elem().FieldByName("handle"); f.Kind() == reflect.String {
		return f.String()
	}
	return ""
}
