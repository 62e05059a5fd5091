package session

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"filegate/core/vfs"
)

// openFile is a file that is open for writing: what all handles on it have in common, of all
// sessions of a login. It is published when the last one is closed.
type openFile struct {
	files  *files
	opener *Session // whose view of the store it is written through, which stays until over
	fs     vfs.FS
	log    *slog.Logger

	storeCtx context.Context // of the store's writer: ends when nobody waits for it any more
	stop     context.CancelCauseFunc

	naming chan struct{} // holds a token while the file is given another name, or published
	access sync.RWMutex  // shared by reads and writes, alone by what must not meet one
	over   chan struct{} // closed when the file is published or given up

	astray    bool     // the store's writer has not followed the file to its name; guarded by naming
	published bool     // or refused by the store: from then on the file is the store's; guarded by naming
	first     vfs.Path // the place at opening, which orders the files of which one caller holds naming
	anew      bool     // the content began empty: until Commit the other sessions have the old one

	resumption resumption

	// Guarded by files.mu.
	at       vfs.Path // the place of the file by now
	unlinked bool     // it has no name any more
	gone     bool     // it is in the table no more

	// What a Stat by path sees, which waits for no write and no Commit.
	mu       sync.Mutex
	under    vfs.Writer // guarded by access, and by mu too where another takes its place
	attrs    vfs.Attrs
	touched  time.Time
	modified bool  // since it was opened
	frozen   bool  // under is not asked for its size any more
	size     int64 // of what is frozen
	sessions map[*Session]bool
	handles  int   // that have not ended
	shared   bool  // there were several
	alive    int   // whose contexts have not ended
	readers  int   // that only read, see sharedFile, and a handle that has committed and is not closed yet
	promised bool  // a handle has been told that its content is safe
	torn     bool  // a handle that had changed the content was given up
	broken   error // why the content is not published
	nameless bool  // it has ended without a name: what was written stays for its readers
	finished bool
	stored   *vfs.Info
	storedAt vfs.Path
}

// publishGrace is how long a content that was promised to a client may take to be published when
// its connection has ended meanwhile.
const publishGrace = time.Minute

var (
	// errBroken is the outcome of a handle where another one on the same file has failed.
	errBroken error = vfs.Errorf(vfs.ErrInvalid, "not saved, since a write to the same file by another handle failed")
	// errReplaced is the outcome of a handle where another session has begun the file anew.
	errReplaced error = vfs.Errorf(vfs.ErrChanged, "not saved, since the file has been begun anew or replaced meanwhile")
	// errTorn is the outcome of a handle that has changed nothing, where another one was cut off.
	errTorn error = vfs.Errorf(vfs.ErrChanged, "not saved, since the upload of this file by another handle was cut off")
	// errUnderWay is the answer where a file cannot be opened since it is being stored for too
	// long.
	errUnderWay error = vfs.Errorf(vfs.ErrUnavailable, "this file is being stored, try again later")
)

// attach counts a handle; the caller holds mu, or is the first.
func (o *openFile) attach(w *writer) {
	w.openFile = o
	o.shared = o.shared || o.handles > 0
	o.handles++
	o.alive++
	o.sessions[w.s] = true
	context.AfterFunc(w.ctx, func() { o.depart(context.Cause(w.ctx)) })
}

// join counts one more handle. It reports false for a file that has come to its end.
func (o *openFile) join(w *writer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.frozen {
		return false
	}
	o.attach(w)
	return true
}

// depart counts a handle out whose context has ended. With the last one ends what is under way, at
// once or, where a client relies on it, later.
func (o *openFile) depart(cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.alive--; o.alive > 0 || o.readers > 0 { // who reads a file without a name still needs it
		return
	}
	o.abandon(cause)
}

// abandon ends what is under way when nobody has the file open any more; the caller holds mu.
func (o *openFile) abandon(cause error) {
	if !o.promised {
		o.stop(cause)
		return
	}
	late := time.AfterFunc(publishGrace, func() { o.stop(cause) })
	context.AfterFunc(o.storeCtx, func() { late.Stop() })
}

// knows reports whether a session has, or had, a handle on the file.
func (o *openFile) knows(s *Session) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sessions[s]
}

// shownTo reports whether a session sees the content also where another one has been published
// under the name.
func (o *openFile) shownTo(s *Session) bool { return !o.anew || o.knows(s) }

// differs reports whether a description of what has been published would be wrong to a session.
func (o *openFile) differs(s *Session) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.modified && (!o.anew || o.sessions[s])
}

// ending reports whether the last handle has ended, and the outcome is not there yet.
func (o *openFile) ending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.frozen
}

// info describes the file as its writers have it.
func (o *openFile) info(base string) vfs.Info {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attrs.Over(vfs.Info{Name: base, Size: o.sizeNow(), Mode: 0o644, ModTime: o.touched})
}

// inListing returns an entry of a listing with what the writers of the file have changed.
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

// modify notes that what is published under the name is not what the file was opened with.
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

// sizeNow is the size; the caller holds mu.
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

// refuse makes err the outcome of all handles that have not ended.
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

// replaced takes the name from a file that another session begins anew, and ends what is under way
// for it.
func (o *openFile) replaced() {
	o.files.unlink(o)
	o.refuse(errReplaced)
	o.stop(errReplaced)
}

// change runs a write to the store's writer. When that fails, none of the handles saves the file.
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

// append writes at the end, wherever that is.
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

// truncate sets the size for all handles.
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

// readAt reads what has been written. It reports false when the file has come to its end, and is to
// be read elsewhere.
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

// readable reports whether what has been written can be read before it is published.
func (o *openFile) readable() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := vfs.ReadWriterAt(o.under)
	return err == nil && !o.frozen
}

// outcome is how a handle ends.
type outcome struct {
	last    bool  // the caller has the file for itself now
	publish bool  // and is to publish it
	err     error // the answer to a handle that was to be committed; nil: its content is promised
}

// leave counts a handle out that was to be committed, or not, and may have changed the content. err
// is what it has failed with.
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

// wasShared reports whether there were several handles.
func (o *openFile) wasShared() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.shared
}

// alone reports whether there is one handle only.
func (o *openFile) alone() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.handles == 1
}

// keepName keeps the name of the file as it is until done is called.
func (o *openFile) keepName(ctx context.Context) (done func(), err error) {
	select {
	case o.naming <- struct{}{}:
		return func() { <-o.naming }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// drain waits for the reads and writes that are under way, after which none begins.
func (o *openFile) drain() {
	o.access.Lock()
	defer o.access.Unlock()
}

// publish commits the content under the name that the file has by now; a file without one only
// stays for its readers. The caller has it for itself.
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
	// The store knows the content by an older name, and cannot give it another one.
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

// keepPromise publishes a content of which a handle was told that it is safe, though the last one
// is given up.
func (o *openFile) keepPromise() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.storeCtx), publishGrace)
	defer cancel()
	if _, err := o.publish(ctx); err != nil {
		at, _ := o.files.nameOf(o)
		o.log.Warn("file not saved of which another handle has been closed", "path", string(at), "err", err)
	}
}

// end is what the last handle does when all is decided: from then on the store's own Stat is the
// truth. Close of the handle calls unread.
func (o *openFile) end() {
	o.files.drop(o)
	o.mu.Lock()
	o.finished = true
	o.readers++
	o.mu.Unlock()
	close(o.over)
}

// unread counts a reader out. The last one closes the store's writer.
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
