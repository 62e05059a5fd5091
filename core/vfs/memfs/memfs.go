// Package memfs keeps files in memory. It is the shortest complete implementation of the contract
// in package vfs.
//
// Tests use it behind a session or a frontend, and it is the model for new backends. It is not for
// production: a file is one slice, and a listing copies all names at its start. It passes
// core/vfs/vfstest without any limits.
package memfs

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // one of the checksums of the contract
	"crypto/sha256"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"filegate/core/vfs"
)

// MaxSize is the size of the largest file, in bytes.
const MaxSize = 1 << 30

// FS is a store in memory. Make one with [New].
type FS struct {
	// PageSize is the number of entries in a page of a listing; 0 means 100. It must not be changed
	// after the first use.
	PageSize int

	mu      sync.RWMutex
	root    *node
	version uint64 // of the latest commit
}

var (
	_ vfs.AttrFS   = (*FS)(nil)
	_ vfs.SpaceFS  = (*FS)(nil)
	_ vfs.DigestFS = (*FS)(nil)
	_ vfs.ModeFS   = (*FS)(nil)
)

// node is a file, a directory or a link. The FS's mutex guards it. data is never changed, only
// replaced, so it can be read without the mutex.
type node struct {
	mode    fs.FileMode
	modTime time.Time
	uid     int
	gid     int
	version uint64
	data    []byte
	entries map[string]*node // of a directory; nil for all others
	link    vfs.Path         // target of a link; empty for all others
}

// New returns an empty store.
func New() *FS { return &FS{root: newDir()} }

func newDir() *node {
	return &node{mode: fs.ModeDir | 0o755, modTime: time.Now(), entries: make(map[string]*node)}
}

func (n *node) isDir() bool { return n.entries != nil }

func (n *node) info(name string) vfs.Info {
	info := vfs.Info{Name: name, Size: int64(len(n.data)), Mode: n.mode, ModTime: n.modTime, UID: n.uid, GID: n.gid}
	if !n.isDir() && n.link == "" {
		info.Version = strconv.FormatUint(n.version, 10)
	}
	return info
}

// find returns the node with the name. The caller holds the mutex.
func (f *FS) find(name vfs.Path) (*node, error) {
	n := f.root
	for _, elem := range name.Elements() {
		if !n.isDir() {
			return nil, vfs.ErrNotDir
		}
		if n = n.entries[elem]; n == nil {
			return nil, vfs.ErrNotExist
		}
	}
	return n, nil
}

// follow returns the node with the name, with all links resolved. The caller holds the mutex.
func (f *FS) follow(name vfs.Path) (*node, error) {
	name, err := f.behind(name, true)
	if err != nil {
		return nil, err
	}
	return f.find(name)
}

// findDir returns the directory with the name, which may be that of a link. The caller holds the
// mutex.
func (f *FS) findDir(name vfs.Path) (*node, error) {
	n, err := f.follow(name)
	if err == nil && !n.isDir() {
		return nil, vfs.ErrNotDir
	}
	return n, err
}

// place returns the directory of name, and the node with the name or nil. The caller holds the
// mutex.
func (f *FS) place(name vfs.Path) (dir, old *node, err error) {
	if dir, err = f.findDir(name.Dir()); err != nil {
		return nil, nil, err
	}
	if name.IsRoot() {
		return dir, dir, nil
	}
	return dir, dir.entries[name.Base()], nil
}

// Stat implements [vfs.FS].
func (f *FS) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	if err := ctx.Err(); err != nil {
		return vfs.Info{}, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.follow(name)
	if err != nil {
		return vfs.Info{}, err
	}
	return n.info(name.Base()), nil
}

// List implements [vfs.FS].
func (f *FS) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	dir, err := f.findDir(name)
	if err != nil {
		return nil, err
	}
	return &lister{fs: f, dir: dir, names: slices.Collect(maps.Keys(dir.entries))}, nil
}

// Open implements [vfs.FS].
func (f *FS) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.follow(name)
	if err != nil {
		return nil, err
	}
	info := n.info(name.Base())
	switch {
	case n.isDir():
		return nil, vfs.ErrIsDir
	case opts.Offset < 0:
		return nil, vfs.ErrInvalid
	case opts.IfVersion != "" && opts.IfVersion != info.Version:
		return nil, vfs.ErrChanged
	}
	return &file{ctx: ctx, data: n.data, offset: opts.Offset, info: info}, nil
}

// OpenWriter implements [vfs.FS].
func (f *FS) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	base := name.Base()
	name, err := f.behind(name, !opts.Exclusive)
	if err != nil {
		return nil, err
	}
	_, old, err := f.target(name, opts)
	switch {
	case err != nil:
		return nil, err
	case old == nil && !opts.Create:
		return nil, vfs.ErrNotExist
	case opts.Offset < vfs.AtEnd || opts.Size < 0:
		return nil, vfs.ErrInvalid
	case opts.Size > MaxSize:
		return nil, vfs.ErrTooLarge
	}
	w := &writer{ctx: ctx, fs: f, name: name, base: base, opts: opts, next: opts.Offset}
	if old != nil && !opts.Truncate {
		w.data = slices.Clone(old.data)
	}
	if have := int64(len(w.data)); opts.Offset > have {
		return nil, vfs.OffsetBehindEnd(opts.Offset, have)
	}
	if opts.Offset == vfs.AtEnd {
		w.next = int64(len(w.data))
	}
	return w, nil
}

// target is place for a writer. It returns an error if no file can be written under the name. The
// caller holds the mutex.
func (f *FS) target(name vfs.Path, opts vfs.WriteOptions) (dir, old *node, err error) {
	dir, old, err = f.place(name)
	switch {
	case err != nil:
		return nil, nil, err
	case old != nil && old.isDir():
		return nil, nil, vfs.ErrIsDir
	case old != nil && opts.Exclusive:
		return nil, nil, vfs.ErrExist
	case opts.IfVersion != "" && (old == nil || old.info("").Version != opts.IfVersion):
		return nil, nil, vfs.ErrChanged
	}
	return dir, old, nil
}

// Mkdir implements [vfs.FS].
func (f *FS) Mkdir(ctx context.Context, name vfs.Path) error { return f.MkdirMode(ctx, name, 0o755) }

// MkdirMode implements [vfs.ModeFS].
func (f *FS) MkdirMode(ctx context.Context, name vfs.Path, mode fs.FileMode) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, old, err := f.place(name)
	switch {
	case err != nil:
		return err
	case old != nil:
		return vfs.ErrExist
	}
	made := newDir()
	made.mode = fs.ModeDir | mode.Perm()
	dir.entries[name.Base()] = made
	return nil
}

// Remove implements [vfs.FS].
func (f *FS) Remove(ctx context.Context, name vfs.Path) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, old, err := f.place(name)
	switch {
	case err != nil:
		return err
	case old == nil:
		return vfs.ErrNotExist
	case old.isDir():
		return vfs.ErrIsDir
	}
	delete(dir.entries, name.Base())
	return nil
}

// Rmdir implements [vfs.FS].
func (f *FS) Rmdir(ctx context.Context, name vfs.Path) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, old, err := f.place(name)
	switch {
	case err != nil:
		return err
	case old == nil:
		return vfs.ErrNotExist
	case !old.isDir():
		return vfs.ErrNotDir
	case len(old.entries) > 0:
		return vfs.ErrNotEmpty
	case name.IsRoot():
		return vfs.ErrPermission
	}
	delete(dir.entries, name.Base())
	return nil
}

// Rename implements [vfs.FS].
func (f *FS) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range []*vfs.Path{&oldname, &newname} { // so that they can be compared
		var err error
		if *name, err = f.behind(*name, false); err != nil {
			return err
		}
	}
	from, n, err := f.place(oldname)
	switch {
	case err != nil:
		return err
	case n == nil:
		return vfs.ErrNotExist
	case oldname == newname:
		return nil
	case n.isDir() && oldname.Contains(newname):
		return vfs.ErrInvalidName
	}
	to, old, err := f.place(newname)
	switch {
	case err != nil:
		return err
	case old == nil:
	case !opts.Replace:
		return vfs.ErrExist
	case old.isDir() && !n.isDir():
		return vfs.ErrIsDir
	case !old.isDir() && n.isDir():
		return vfs.ErrNotDir
	case len(old.entries) > 0:
		return vfs.ErrExist
	}
	delete(from.entries, oldname.Base())
	to.entries[newname.Base()] = n
	return nil
}

// SetAttrs implements [vfs.AttrFS]. It ignores access times.
func (f *FS) SetAttrs(ctx context.Context, name vfs.Path, attrs vfs.Attrs) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.follow(name)
	if err == nil {
		n.setAttrs(attrs)
	}
	return err
}

func (n *node) setAttrs(attrs vfs.Attrs) {
	info := attrs.Over(vfs.Info{Mode: n.mode, ModTime: n.modTime, UID: n.uid, GID: n.gid})
	n.mode, n.modTime, n.uid, n.gid = info.Mode, info.ModTime, info.UID, info.GID
}

// StatSpace implements [vfs.SpaceFS]. There is no limit.
func (f *FS) StatSpace(ctx context.Context, name vfs.Path) (vfs.Space, error) {
	if err := ctx.Err(); err != nil {
		return vfs.Space{}, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if _, err := f.follow(name); err != nil {
		return vfs.Space{}, err
	}
	return vfs.Space{Total: -1, Used: f.root.used(), Free: -1}, nil
}

// Digest implements [vfs.DigestFS].
func (f *FS) Digest(ctx context.Context, name vfs.Path) (vfs.Sums, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.follow(name)
	switch {
	case err != nil:
		return nil, err
	case n.mode.IsDir():
		return nil, vfs.ErrIsDir
	}
	short, long := md5.Sum(n.data), sha256.Sum256(n.data)
	return vfs.Sums{vfs.MD5: short[:], vfs.SHA256: long[:]}, nil
}

func (n *node) used() int64 {
	sum := int64(len(n.data))
	for _, entry := range n.entries {
		sum += entry.used()
	}
	return sum
}

func (f *FS) pageSize() int { return cmp.Or(f.PageSize, 100) }
