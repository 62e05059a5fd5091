package session

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"filegate/core/vfs"
)

// openFile is a file open for writing. It is what all handles on the file share, of all sessions of
// a login. It is published when the last handle is closed.
type openFile struct {
	files *files
	// Through whose view of the store it is written; the view stays open until over is closed.
	opener *Session
	fs     vfs.FS
	log    *slog.Logger

	storeCtx context.Context // of the store's writer: ends when no handle needs it any more
	stop     context.CancelCauseFunc

	naming chan struct{} // holds a token while the file is renamed or published
	access sync.RWMutex  // locked for reading by reads and writes, and for writing by what must exclude them
	over   chan struct{} // closed when the file has been published or given up

	astray    bool // the store's writer could not be renamed with the file; guarded by naming
	published bool // or refused by the store: the store's file is now the only one; guarded by naming
	// The place at opening; callers that hold the naming of several files take them in this order.
	first vfs.Path
	anew  bool // the content began empty: until Commit other sessions see the old content

	resumption resumption

	// Guarded by files.mu.
	at       vfs.Path // the current place of the file
	unlinked bool     // it has no name any more
	gone     bool     // it is not in the table any more

	// The state that a Stat by path reads. It does not wait for writes or for Commit.
	mu       sync.Mutex
	under    vfs.Writer // guarded by access, and also by mu when it is replaced
	attrs    vfs.Attrs
	touched  time.Time
	modified bool  // since it was opened
	frozen   bool  // size is final, and under is not asked any more
	size     int64 // of a frozen file
	sessions map[*Session]bool
	handles  int  // number of handles that have not ended
	shared   bool // there have been several handles
	alive    int  // number of handles whose context has not ended
	// Handles that only read, see sharedFile, and a handle that is committed and not closed yet.
	readers  int
	promised bool  // a handle was told that its content is safe
	torn     bool  // a handle that had changed the content was given up
	broken   error // why the content will not be published
	nameless bool  // it has ended without a name: the written content stays for its readers
	finished bool
	stored   *vfs.Info
	storedAt vfs.Path
}

// publishGrace is the time limit for publishing content that was promised to a client whose
// connection has ended.
const publishGrace = time.Minute

var (
	// errBroken is the error of a handle if a write by another handle on the same file has failed.
	errBroken error = vfs.Errorf(vfs.ErrInvalid, "not saved, since a write to the same file by another handle failed")
	// errReplaced is the error of a handle if another session has started new content of the file.
	errReplaced error = vfs.Errorf(vfs.ErrChanged, "not saved: another client has uploaded or replaced this file meanwhile")
	// errTorn is the error of a handle that has changed nothing, if another handle was cut off.
	errTorn error = vfs.Errorf(vfs.ErrChanged, "not saved, since the upload of this file by another handle was cut off")
	// errUnderWay is the error for opening a file that has been in the middle of a Commit for too
	// long.
	errUnderWay error = vfs.Errorf(vfs.ErrUnavailable, "this file is being stored, try again later")
)

// attach counts a handle. The caller must hold mu, or be the first user of the file.
func (o *openFile) attach(w *writer) {
	w.openFile = o
	o.shared = o.shared || o.handles > 0
	o.handles++
	o.alive++
	o.sessions[w.s] = true
	context.AfterFunc(w.ctx, func() { o.depart(context.Cause(w.ctx)) })
}

// join adds a handle. It returns false if the file has already ended.
func (o *openFile) join(w *writer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.frozen {
		return false
	}
	o.attach(w)
	return true
}

// depart is called when the context of a handle has ended. After the last one, the calls of the
// store's writer are cancelled: at once, or after publishGrace if content was promised.
func (o *openFile) depart(cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.alive--; o.alive > 0 || o.readers > 0 { // readers of a file without a name still need it
		return
	}
	o.abandon(cause)
}

// abandon cancels the calls of the store's writer when nothing has the file open any more. The
// caller must hold mu.
func (o *openFile) abandon(cause error) {
	if !o.promised {
		o.stop(cause)
		return
	}
	late := time.AfterFunc(publishGrace, func() { o.stop(cause) })
	context.AfterFunc(o.storeCtx, func() { late.Stop() })
}

// knows reports whether a session has or had a handle on the file.
func (o *openFile) knows(s *Session) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sessions[s]
}

// shownTo reports whether a session sees the new content even if there is stored content under the
// name.
func (o *openFile) shownTo(s *Session) bool { return !o.anew || o.knows(s) }

// differs reports whether the description of the stored content would be wrong for a session.
func (o *openFile) differs(s *Session) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.modified && (!o.anew || o.sessions[s])
}

// ending reports whether the last handle has ended and its Commit may still be running.
func (o *openFile) ending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.frozen
}

// info returns the description of the content that is being written.
func (o *openFile) info(base string) vfs.Info {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attrs.Over(vfs.Info{Name: base, Size: o.sizeNow(), Mode: 0o644, ModTime: o.touched})
}

// inListing returns a listing entry with the changes by the writers of the file.
func (o *openFile) inListing(info vfs.Info) vfs.Info {
	now := o.info(info.Name)
	if !o.modifiedSince() && !info.Partial {
		return info
	}
	info.Size, info.ModTime, info.Partial = now.Size, now.ModTime, false
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attrs.Over(info)
}

// modify records that the stored content differs from the content at opening.
func (o *openFile) modify() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.modified = true
}

func (o *openFile) modifiedSince() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.modified
}

// sizeNow returns the size. The caller must hold mu.
func (o *openFile) sizeNow() int64 {
	if o.frozen {
		return o.size
	}
	return o.under.Size()
}

func (o *openFile) currentSize() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sizeNow()
}

// refuse makes err the error of all handles that have not ended.
func (o *openFile) refuse(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken == nil {
		o.broken = err
	}
}

func (o *openFile) refused() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken
}

// replaced is called when the file loses its name to new content. It takes the name away, fails all
// handles, and cancels the calls of the store's writer.
func (o *openFile) replaced() {
	o.files.unlink(o)
	o.refuse(errReplaced)
	o.stop(errReplaced)
}

// change calls a method of the store's writer. If it fails, no handle can commit the file.
func (o *openFile) change(write func(under vfs.Writer) error) error {
	if o.refused() == errReplaced {
		return errReplaced
	}
	err := errPanicked
	defer func() {
		if err != nil {
			o.refuse(errBroken)
		}
	}()
	err = write(o.under)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.touched, o.modified = time.Now(), true
	return err
}

func (o *openFile) writeAt(p []byte, off int64) (n int, err error) {
	o.access.RLock()
	defer o.access.RUnlock()
	if len(p) > 0 {
		o.resumption.wrote(off)
	}
	err = o.change(func(under vfs.Writer) (err error) {
		n, err = under.WriteAt(p, off)
		return err
	})
	return n, err
}

// append writes at the current end.
func (o *openFile) append(p []byte) (n int, err error) {
	o.access.Lock()
	defer o.access.Unlock()
	o.resumption.wrote(0)
	err = o.change(func(under vfs.Writer) (err error) {
		n, err = under.WriteAt(p, under.Size())
		return err
	})
	return n, err
}

// truncate sets the size, for all handles.
func (o *openFile) truncate(size int64) error {
	o.access.Lock()
	defer o.access.Unlock()
	if o.ending() {
		return errEnded
	}
	o.resumption.wrote(0)
	return o.change(func(under vfs.Writer) error { return under.Truncate(size) })
}

// setAttrs sets attributes that are published with the content.
func (o *openFile) setAttrs(attrs vfs.Attrs) error {
	o.access.Lock()
	defer o.access.Unlock()
	if o.ending() {
		return errEnded
	}
	if err := o.under.SetAttrs(attrs); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attrs, o.modified = o.attrs.With(attrs), true
	return nil
}

// readAt reads the content that is being written. here is false if the file has ended and must be
// read elsewhere.
func (o *openFile) readAt(p []byte, off int64) (n int, here bool, err error) {
	o.access.RLock()
	defer o.access.RUnlock()
	o.mu.Lock()
	here = !o.frozen || o.nameless
	o.mu.Unlock()
	if !here {
		return 0, false, nil
	}
	r, err := vfs.ReadWriterAt(o.under)
	if err != nil {
		return 0, true, err
	}
	n, err = r.ReadAt(p, off)
	return n, true, err
}

// readable reports whether the content can be read before it is published.
func (o *openFile) readable() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := vfs.ReadWriterAt(o.under)
	return err == nil && !o.frozen
}

// outcome is the result of the end of a handle.
type outcome struct {
	last    bool  // it was the last handle: the caller is now the only user of the file
	publish bool  // the caller must publish the file
	err     error // the error for a handle that was to be committed; nil: its content is promised
}

// leave ends a handle. commit reports whether it was to be committed, changed whether it has
// changed the content, and err is the error of its writes.
func (o *openFile) leave(commit, changed bool, err error) outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	good := commit && err == nil
	switch {
	case !good:
		o.torn = o.torn || changed
	case o.broken != nil:
		good, err = false, o.broken
	case !changed && o.torn && !o.promised:
		good, err = false, errTorn
	default:
		o.promised = o.promised || o.handles > 1
	}
	o.handles--
	last := o.handles == 0
	if last {
		o.size = o.sizeNow()
		o.frozen = true
	}
	return outcome{last: last, publish: last && o.broken == nil && (good || o.promised), err: err}
}

// wasShared reports whether there have been several handles.
func (o *openFile) wasShared() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.shared
}

// alone reports whether there is only one handle.
func (o *openFile) alone() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.handles == 1
}

// keepName prevents renames of the file until done is called.
func (o *openFile) keepName(ctx context.Context) (done func(), err error) {
	select {
	case o.naming <- struct{}{}:
		return func() { <-o.naming }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// drain waits for the running reads and writes, after which no further ones begin.
func (o *openFile) drain() {
	o.access.Lock()
	defer o.access.Unlock()
}

// publish commits the content under the current name of the file. Without a name, the content only
// stays for its readers. The caller must be the only user of the file.
func (o *openFile) publish(ctx context.Context) (vfs.Info, error) {
	done, err := o.keepName(ctx)
	if err != nil {
		return vfs.Info{}, err
	}
	defer done()
	o.drain()
	o.published = true
	at, linked := o.files.nameOf(o)
	if !linked {
		info := o.info(at.Base())
		o.mu.Lock()
		defer o.mu.Unlock()
		o.nameless = true
		return info, nil
	}
	info, err := o.commit(ctx, at)
	if err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.stored, o.storedAt = &info, at
	}
	return info, err
}

func (o *openFile) commit(ctx context.Context, at vfs.Path) (vfs.Info, error) {
	if err := o.complete(ctx, at); err != nil {
		return vfs.Info{}, err
	}
	if !o.astray {
		return o.under.Commit(ctx)
	}
	// The store's writer still has an older name, and cannot be renamed.
	r, err := vfs.ReadWriterAt(o.under)
	if err != nil {
		return vfs.Info{}, vfs.Errorf(vfs.ErrUnsupported, "the file was renamed while it was written, which this store cannot follow: it was not stored")
	}
	w, err := o.fs.OpenWriter(ctx, at, vfs.WriteOptions{Create: true, Truncate: true, Size: o.size})
	if err != nil {
		return vfs.Info{}, err
	}
	defer w.Close()
	if _, err := w.ReadFrom(io.NewSectionReader(r, 0, o.size)); err != nil {
		return vfs.Info{}, err
	}
	o.mu.Lock()
	attrs := o.attrs
	o.mu.Unlock()
	if !attrs.IsZero() {
		if err := w.SetAttrs(attrs); err != nil {
			return vfs.Info{}, err
		}
	}
	return w.Commit(ctx)
}

// keepPromise publishes content that was promised to a handle, although the last handle was given
// up.
func (o *openFile) keepPromise() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.storeCtx), publishGrace)
	defer cancel()
	if _, err := o.publish(ctx); err != nil {
		at, _ := o.files.nameOf(o)
		o.log.Warn("file not saved of which another handle has been closed", "path", string(at), "err", err)
	}
}

// end is called by the last handle when its result is known. From then on the store's own
// description is valid. Closing the handle calls unread.
func (o *openFile) end() {
	o.files.drop(o)
	o.mu.Lock()
	o.finished = true
	o.readers++
	o.mu.Unlock()
	close(o.over)
}

// unread ends a reader. The last one closes the store's writer.
func (o *openFile) unread() error {
	o.mu.Lock()
	o.readers--
	last := o.readers == 0 && o.finished
	if o.readers == 0 && o.alive == 0 && !o.finished {
		o.abandon(context.Canceled)
	}
	o.mu.Unlock()
	if !last {
		return nil
	}
	return o.release()
}

// release closes the store's writer.
func (o *openFile) release() error {
	defer o.opener.giveBack()
	defer o.stop(nil)
	o.drain()
	_, linked := o.files.nameOf(o)
	if !linked || o.resumption.failed.Load() {
		return vfs.Discard(o.under)
	}
	return o.under.Close()
}
