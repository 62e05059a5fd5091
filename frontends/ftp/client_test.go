package ftp_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// client is a store at the other end of FTP, for vfstest: one connection for calls, and one more
// for each file that is open, as a client has that does several things at a time.
type client struct {
	*conn
	calls sync.Mutex // the connection does one thing at a time

	mu    sync.Mutex
	spare []*conn // that have ended what they were opened for
	dial  func() (*conn, error)
}

var _ vfs.AttrFS = (*client)(nil)

// conn is one logged-in connection, which can be cut.
type conn struct {
	*ftp.ServerConn
	mu   sync.Mutex
	nets []net.Conn // the control connection first
	data *tls.Conn  // the last data connection, over TLS
}

// login connects, explicitly with TLS where tlsConfig is set.
func login(addr, user, password string, tlsConfig *tls.Config) (*conn, error) {
	c := &conn{}
	opts := []ftp.DialOption{ftp.DialWithDialFunc(func(network, address string) (net.Conn, error) {
		nc, err := net.Dial(network, address)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.nets = append(c.nets, nc)
		if tlsConfig != nil && len(c.nets) > 1 {
			c.data = tls.Client(nc, tlsConfig)
			return c.data, nil
		}
		return nc, nil
	})}
	if tlsConfig != nil {
		opts = append(opts, ftp.DialWithExplicitTLS(tlsConfig))
	}
	var err error
	if c.ServerConn, err = ftp.Dial(addr, opts...); err != nil {
		c.Cut()
		return nil, err
	}
	if err := c.Login(user, password); err != nil {
		c.Cut()
		return nil, err
	}
	return c, nil
}

// Cut ends the connection without a goodbye, as when the client is killed: its sockets are closed
// in the order in which they were opened.
func (c *conn) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, nc := range c.nets {
		nc.Close()
	}
}

func newClient(t *testing.T, srv *frontendtest.Server, tlsConfig *tls.Config) *client {
	t.Helper()
	c := &client{dial: func() (*conn, error) {
		return login(srv.Addr, frontendtest.User, frontendtest.Password, tlsConfig)
	}}
	var err error
	if c.conn, err = c.dial(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Cut()
		for _, own := range c.spare {
			own.Cut()
		}
	})
	return c
}

// take returns a connection for one transfer, and give gives it back when that is complete.
func (c *client) take() (*conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.spare); n > 0 {
		own := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return own, nil
	}
	return c.dial()
}

func (c *client) give(own *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare = append(c.spare, own)
}

// The errors that a client can tell apart.
var (
	errNotDone = errors.New("550: not done")
	errNoRoom  = errors.New("552: no room")
)

// arrivesAs is what fromReply makes of an error of the kind.
func arrivesAs(kind error) error {
	switch kind {
	case vfs.ErrNotExist, vfs.ErrExist, vfs.ErrPermission, vfs.ErrIsDir, vfs.ErrNotDir, vfs.ErrNotEmpty:
		return errNotDone
	case vfs.ErrQuota, vfs.ErrTooLarge:
		return errNoRoom
	case vfs.ErrClosed, vfs.ErrCorrupt:
		return vfs.ErrUnavailable
	}
	return kind
}

func fromReply(err error) error {
	r, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return err
	}
	kind, ok := map[int]error{
		450: vfs.ErrChanged, 451: vfs.ErrUnavailable, 501: vfs.ErrInvalid, 554: vfs.ErrInvalid, 504: vfs.ErrUnsupported,
		550: errNotDone, 552: errNoRoom, 553: vfs.ErrInvalidName,
	}[r.Code]
	if !ok {
		return err
	}
	return errors.Join(kind, err)
}

func infoOf(e *ftp.Entry) vfs.Info {
	info := vfs.Info{Name: e.Name, Size: int64(e.Size), ModTime: e.Time, Mode: 0o644}
	if e.Type == ftp.EntryTypeFolder {
		info.Mode = fs.ModeDir | 0o755
	}
	return info
}

func (c *client) Stat(_ context.Context, name vfs.Path) (vfs.Info, error) {
	c.calls.Lock()
	defer c.calls.Unlock()
	e, err := c.GetEntry(string(name))
	if err != nil {
		return vfs.Info{}, fromReply(err)
	}
	info := infoOf(e)
	if info.Name = path.Base(info.Name); info.Name != name.Base() {
		return info, fmt.Errorf("asked for %q, got the facts of %q", name, e.Name)
	}
	return info, nil
}

func (c *client) List(_ context.Context, name vfs.Path) (vfs.Lister, error) {
	c.calls.Lock()
	defer c.calls.Unlock()
	entries, err := c.ServerConn.List(string(name))
	if err != nil {
		return nil, fromReply(err)
	}
	l := &lister{}
	for _, e := range entries {
		l.page = append(l.page, infoOf(e))
	}
	return l, nil
}

// lister is a listing that has come as a whole.
type lister struct{ page []vfs.Info }

func (l *lister) Next(context.Context) ([]vfs.Info, error) {
	if len(l.page) == 0 {
		return nil, io.EOF
	}
	page := l.page
	l.page = nil
	return page, nil
}

func (l *lister) Close() error { return nil }

func (c *client) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	own, err := c.take()
	if err != nil {
		return nil, err
	}
	f := &file{client: c, conn: own}
	f.body, err = own.RetrFrom(string(name), uint64(opts.Offset))
	if e, ok := errors.AsType[*textproto.Error](err); ok && e.Code == 554 { // behind the end there is nothing, which a file system says in another way
		if f.info, err = c.Stat(ctx, name); err == nil {
			f.body, err = own.RetrFrom(string(name), uint64(f.info.Size))
		}
	}
	if err != nil {
		c.give(own)
		return nil, fromReply(err)
	}
	if f.info, err = c.Stat(ctx, name); err != nil {
		own.Cut()
		return nil, err
	}
	return f, nil
}

// file is a download that is under way.
type file struct {
	client *client
	conn   *conn // nil when the download is complete
	body   *ftp.Response
	info   vfs.Info
}

func (f *file) Info() vfs.Info { return f.info }

func (f *file) ReadAt([]byte, int64) (int, error) { return 0, vfs.ErrUnsupported }

func (f *file) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, f.body)
	if err != nil {
		return n, err
	}
	err = f.body.Close()
	f.client.give(f.conn)
	f.conn = nil
	return n, fromReply(err)
}

func (f *file) Close() error {
	if f.conn != nil {
		f.conn.Cut()
	}
	return nil
}

// OpenWriter begins an upload. FTP always makes a missing file, so the client looks first where
// that is not wanted. An upload that replaces a file has no place to begin at, so that the client
// refuses one.
func (c *client) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	info, err := c.Stat(ctx, name)
	if err != nil && !opts.Create {
		return nil, err
	}
	if opts.Truncate && opts.Offset > 0 {
		return nil, vfs.OffsetBehindEnd(opts.Offset, 0)
	}
	own, err := c.take()
	if err != nil {
		return nil, err
	}
	w := &writer{client: c, conn: own, name: name, begun: make(chan struct{}), done: make(chan struct{})}
	w.from, w.to = io.Pipe()
	if opts.Truncate {
		info.Size = 0
	}
	w.size, w.next = info.Size, max(0, opts.Offset)
	store := func() error { return own.StorFrom(string(name), w, uint64(w.next)) }
	switch {
	case opts.Offset == vfs.AtEnd:
		w.next = info.Size
		store = func() error { return own.Append(string(name), w) }
	}
	if opts.Truncate {
		store = func() error { return own.Stor(string(name), w) }
	}
	go func() {
		defer close(w.done)
		w.err = store()
		w.from.CloseWithError(errors.Join(fromReply(w.err), io.ErrClosedPipe))
	}()
	select {
	case <-w.begun:
		return w, nil
	case <-w.done:
		c.give(own)
		return nil, fromReply(w.err)
	}
}

// writer is an upload that is under way. It is read by the goroutine of the upload.
type writer struct {
	client *client
	conn   *conn
	name   vfs.Path
	from   *io.PipeReader
	to     *io.PipeWriter
	begin  sync.Once
	begun  chan struct{} // the server has said 150
	done   chan struct{}
	err    error // of the upload, when it is done
	failed error // of ReadFrom
	size   int64 // of the file
	next   int64 // where ReadFrom goes on
}

func (w *writer) Read(p []byte) (int, error) {
	w.begin.Do(func() { close(w.begun) })
	n, err := w.from.Read(p)
	if err == io.EOF && w.conn.data != nil {
		err = cmp.Or(w.conn.data.Handshake(), err) // the client leaves it out when it has nothing to append
	}
	return n, err
}

func (w *writer) WriteAt([]byte, int64) (int, error) { return 0, vfs.ErrUnsupported }

func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.to, r)
	if w.next += n; n > 0 {
		w.size = max(w.size, w.next)
	}
	w.failed = err
	return n, err
}

func (w *writer) Truncate(int64) error     { return vfs.ErrUnsupported }
func (w *writer) SetAttrs(vfs.Attrs) error { return vfs.ErrUnsupported }
func (w *writer) Size() int64              { return w.size }

func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	if w.failed != nil {
		return vfs.Info{}, w.failed
	}
	w.to.Close()
	<-w.done
	w.client.give(w.conn)
	w.conn = nil
	if w.err != nil {
		return vfs.Info{}, fromReply(w.err)
	}
	return w.client.Stat(ctx, w.name)
}

// Close cuts the connection: FTP's way to give up an upload, ABOR, is not in this client.
func (w *writer) Close() error {
	if w.conn == nil {
		return nil
	}
	w.conn.Cut()
	w.to.CloseWithError(errors.New("given up"))
	<-w.done
	return nil
}

func (c *client) Mkdir(_ context.Context, name vfs.Path) error {
	c.calls.Lock()
	defer c.calls.Unlock()
	return fromReply(c.MakeDir(string(name)))
}

func (c *client) Remove(_ context.Context, name vfs.Path) error {
	c.calls.Lock()
	defer c.calls.Unlock()
	return fromReply(c.Delete(string(name)))
}

func (c *client) Rmdir(_ context.Context, name vfs.Path) error {
	c.calls.Lock()
	defer c.calls.Unlock()
	return fromReply(c.RemoveDir(string(name)))
}

func (c *client) Rename(_ context.Context, oldname, newname vfs.Path, _ vfs.RenameOptions) error {
	c.calls.Lock()
	defer c.calls.Unlock()
	return fromReply(c.ServerConn.Rename(string(oldname), string(newname)))
}

func (c *client) SetAttrs(_ context.Context, name vfs.Path, attrs vfs.Attrs) error {
	c.calls.Lock()
	defer c.calls.Unlock()
	if attrs.ModTime == nil {
		return nil
	}
	return fromReply(c.SetTime(string(name), attrs.ModTime.In(time.UTC)))
}
