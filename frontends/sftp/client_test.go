package sftp_test

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"
	gossh "golang.org/x/crypto/ssh"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// client is a store at the other end of an SFTP connection, for vfstest.
type client struct {
	addr string
	ssh  *gossh.Client
	sftp *sftp.Client

	mu    sync.Mutex
	spare []*client // connections of writers that have committed
}

var (
	_ vfs.AttrFS  = (*client)(nil)
	_ vfs.SpaceFS = (*client)(nil)
	_ vfs.LinkFS  = (*client)(nil)
)

func dial(addr string) (*client, error) {
	conn, err := frontendtest.DialSSH(addr, frontendtest.User, frontendtest.Password)
	if err != nil {
		return nil, err
	}
	return newClient(addr, conn)
}

func newClient(addr string, conn *gossh.Client) (*client, error) {
	c, err := sftp.NewClient(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &client{addr: addr, ssh: conn, sftp: c}, nil
}

// cut ends the connection without a goodbye, and waits for what is running on it.
func (c *client) cut() {
	for own := c.take(); own != nil; own = c.take() {
		own.cut()
	}
	c.ssh.Close()
	c.sftp.Wait()
}

// take returns a spare connection, or nil.
func (c *client) take() *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spare) == 0 {
		return nil
	}
	last := len(c.spare) - 1
	own := c.spare[last]
	c.spare = c.spare[:last]
	return own
}

func (c *client) put(own *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare = append(c.spare, own)
}

func mustDial(t *testing.T, srv *frontendtest.Server) *client {
	t.Helper()
	c, err := dial(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.cut)
	return c
}

// fromStatus is what a client makes of an error's status.
func fromStatus(err error) error {
	status, ok := errors.AsType[*sftp.StatusError](err)
	if !ok {
		return err // the library translates some itself
	}
	switch status.FxCode() {
	case sftp.ErrSSHFxOpUnsupported:
		return errors.Join(err, vfs.ErrUnsupported)
	}
	return err
}

// arrivesAs is what fromStatus leaves of an error.
func arrivesAs(kind error) error {
	switch kind {
	case vfs.ErrNotExist, vfs.ErrNotDir:
		return vfs.ErrNotExist
	case vfs.ErrPermission, vfs.ErrUnsupported:
		return kind
	}
	return nil
}

func (c *client) Stat(_ context.Context, name vfs.Path) (vfs.Info, error) {
	fi, err := c.sftp.Stat(name.String())
	if err != nil {
		return vfs.Info{}, fromStatus(err)
	}
	return infoOf(fi), nil
}

func (c *client) Lstat(_ context.Context, name vfs.Path) (vfs.Info, error) {
	fi, err := c.sftp.Lstat(name.String())
	if err != nil {
		return vfs.Info{}, fromStatus(err)
	}
	return infoOf(fi), nil
}

func (c *client) Readlink(_ context.Context, name vfs.Path) (vfs.Path, error) {
	target, err := c.sftp.ReadLink(name.String())
	if err != nil {
		return "", fromStatus(err)
	}
	return vfs.Resolve(name.Dir(), target)
}

func (c *client) Symlink(_ context.Context, target, name vfs.Path) error {
	return fromStatus(c.sftp.Symlink(target.String(), name.String()))
}

func infoOf(fi os.FileInfo) vfs.Info {
	info := vfs.Info{Name: fi.Name(), Size: fi.Size(), Mode: fi.Mode(), ModTime: fi.ModTime()}
	if stat, ok := fi.Sys().(*sftp.FileStat); ok {
		info.UID, info.GID = int(stat.UID), int(stat.GID)
	}
	if info.IsLink() {
		info.Size = 0 // by SFTP it has the length of its target, see TestLinkLength
	}
	return info
}

func (c *client) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	entries, err := c.sftp.ReadDirContext(ctx, name.String())
	if err != nil {
		return nil, fromStatus(err)
	}
	l := &page{}
	for _, fi := range entries {
		l.entries = append(l.entries, infoOf(fi))
	}
	return l, nil
}

// page is a listing that has come as a whole.
type page struct{ entries []vfs.Info }

func (p *page) Next(context.Context) ([]vfs.Info, error) {
	if len(p.entries) == 0 {
		return nil, io.EOF
	}
	entries := p.entries
	p.entries = nil
	return entries, nil
}

func (p *page) Close() error { return nil }

func (c *client) Open(_ context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	f, err := c.sftp.Open(name.String())
	if err != nil {
		return nil, fromStatus(err)
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fromStatus(err)
	}
	return &file{File: f, info: infoOf(fi), offset: opts.Offset}, nil
}

// file is a file that is open for reading.
type file struct {
	*sftp.File
	info   vfs.Info
	offset int64
	closed bool
}

func (f *file) Info() vfs.Info { return f.info }

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	return n, fromStatus(err)
}

func (f *file) WriteTo(w io.Writer) (int64, error) {
	if _, err := f.Seek(f.offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := f.File.WriteTo(w)
	return n, fromStatus(err)
}

func (f *file) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	return fromStatus(f.File.Close())
}

// OpenWriter takes a connection for the writer alone, so that it can be cut, and since on its own
// connection a client sees what it has not committed yet.
func (c *client) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	own := c.take()
	if own == nil {
		var err error
		if own, err = dial(c.addr); err != nil {
			return nil, err
		}
	}
	flags := os.O_WRONLY
	if opts.Read {
		flags = os.O_RDWR
	}
	for flag, set := range map[int]bool{os.O_CREATE: opts.Create, os.O_EXCL: opts.Exclusive, os.O_TRUNC: opts.Truncate} {
		if set {
			flags |= flag
		}
	}
	f, err := own.sftp.OpenFile(name.String(), flags)
	if err != nil {
		c.put(own)
		return nil, fromStatus(err)
	}
	if fi, err := f.Stat(); err == nil && fi.Size() == 0 && opts.Create && opts.Offset <= 0 {
		if err := f.Truncate(0); err != nil { // as programs do that leave a hole at the beginning of a new file
			own.cut()
			return nil, fromStatus(err)
		}
	}
	w := &fileWriter{of: c, c: own, file: f, name: name}
	offset := opts.Offset
	if have := w.Size(); offset == vfs.AtEnd {
		offset = have
	} else if offset > have { // SFTP has no such refusal: holes within a handle are legal
		own.cut()
		return nil, vfs.OffsetBehindEnd(offset, have)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		own.cut()
		return nil, err
	}
	return w, nil
}

// fileWriter is a file that is open for writing.
type fileWriter struct {
	of        *client
	c         *client // its own connection
	file      *sftp.File
	name      vfs.Path
	failed    atomic.Bool
	committed bool
	closed    bool
}

func (w *fileWriter) WriteAt(p []byte, off int64) (int, error) {
	n, err := w.file.WriteAt(p, off)
	return n, fromStatus(err)
}

func (w *fileWriter) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.file.ReadAt(p, off)
	return n, fromStatus(err)
}

func (w *fileWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := w.file.ReadFrom(r)
	if err != nil {
		w.failed.Store(true) // the server has no part in it, so the client must know
	}
	return n, fromStatus(err)
}

func (w *fileWriter) Truncate(size int64) error { return fromStatus(w.file.Truncate(size)) }

func (w *fileWriter) SetAttrs(attrs vfs.Attrs) error {
	return w.c.SetAttrs(context.Background(), w.name, attrs)
}

func (w *fileWriter) Size() int64 {
	fi, err := w.file.Stat()
	if err != nil {
		return -1
	}
	return fi.Size()
}

func (w *fileWriter) Commit(ctx context.Context) (vfs.Info, error) {
	if w.failed.Load() {
		return vfs.Info{}, errors.New("a write has failed")
	}
	if err := w.file.Close(); err != nil {
		return vfs.Info{}, fromStatus(err)
	}
	w.committed = true
	return w.c.Stat(ctx, w.name)
}

func (w *fileWriter) Close() error {
	switch {
	case w.closed:
	case w.committed:
		w.of.put(w.c)
	default:
		w.c.cut()
	}
	w.closed = true
	return nil
}

func (c *client) Mkdir(_ context.Context, name vfs.Path) error {
	return fromStatus(c.sftp.Mkdir(name.String()))
}

// Remove looks before, since the library removes directories too.
func (c *client) Remove(ctx context.Context, name vfs.Path) error {
	if info, err := c.Lstat(ctx, name); err == nil && info.IsDir() {
		return vfs.ErrIsDir
	}
	return fromStatus(c.sftp.Remove(name.String()))
}

func (c *client) Rmdir(_ context.Context, name vfs.Path) error {
	return fromStatus(c.sftp.RemoveDirectory(name.String()))
}

func (c *client) Rename(_ context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	rename := c.sftp.Rename
	if opts.Replace {
		rename = c.sftp.PosixRename
	}
	return fromStatus(rename(oldname.String(), newname.String()))
}

func (c *client) SetAttrs(_ context.Context, name vfs.Path, attrs vfs.Attrs) error {
	if attrs.Mode != nil {
		if err := c.sftp.Chmod(name.String(), *attrs.Mode); err != nil {
			return fromStatus(err)
		}
	}
	if attrs.UID != nil && attrs.GID != nil {
		if err := c.sftp.Chown(name.String(), *attrs.UID, *attrs.GID); err != nil {
			return fromStatus(err)
		}
	}
	if attrs.ModTime != nil {
		accessed := time.Now()
		if attrs.AccessTime != nil {
			accessed = *attrs.AccessTime
		}
		return fromStatus(c.sftp.Chtimes(name.String(), accessed, *attrs.ModTime))
	}
	if attrs.IsZero() {
		_, err := c.sftp.Stat(name.String())
		return fromStatus(err)
	}
	return nil
}

func (c *client) StatSpace(_ context.Context, name vfs.Path) (vfs.Space, error) {
	s, err := c.sftp.StatVFS(name.String())
	if err != nil {
		return vfs.Space{}, fromStatus(err)
	}
	return vfs.Space{Total: int64(s.TotalSpace()), Free: int64(s.FreeSpace())}, nil
}
