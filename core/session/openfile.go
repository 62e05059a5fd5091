package session

import (
	"context"
	"errors"

	"filegate/core/vfs"
)

// A file that this session is writing is an open file, and not only a name: a rename takes it along, and after a removal nothing of it is published.

// writersAt returns all writers of this session on the store's path p.
func (s *Session) writersAt(p vfs.Path) []*writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*writer(nil), s.writers[p]...)
}

// unlink makes writers publish nothing any more: their file has been removed, or another one has taken its name.
func (s *Session) unlink(ws []*writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range ws {
		s.drop(w)
		w.unlinked = true
	}
}

// carry gives the file of the writers another name.
func (s *Session) carry(ws []*writer, to vfs.Path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range ws {
		if w.unlinked || w.gone {
			continue
		}
		s.drop(w)
		w.at = to
		s.writers[to] = append(s.writers[to], w)
	}
}

// nameOf returns the name under which a writer publishes, and reports whether it publishes at all.
func (s *Session) nameOf(w *writer) (at vfs.Path, linked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.at, !w.unlinked
}

// removeOpen is Remove of a file that is being written. A new one need not be in the store yet.
func (s *Session) removeOpen(ctx context.Context, p vfs.Path) error {
	ws := s.writersAt(p)
	err := s.fs.Remove(ctx, p)
	if len(ws) > 0 && (err == nil || errors.Is(err, vfs.ErrNotExist)) {
		s.unlink(ws)
		return nil
	}
	return err
}

// renameOpen is Rename of a file that is being written, or over one.
func (s *Session) renameOpen(ctx context.Context, from, to vfs.Path, opts vfs.RenameOptions) error {
	ws, over := s.writersAt(from), s.writersAt(to)
	if len(over) > 0 && from != to && !opts.Replace {
		return vfs.ErrExist // for this session, what it is writing is there
	}
	err := s.fs.Rename(ctx, from, to, opts)
	if len(ws) > 0 && errors.Is(err, vfs.ErrNotExist) {
		err = s.mayCarry(ctx, to, opts) // the store does not know the file yet
	}
	if err == nil && from != to {
		s.unlink(over)
		s.carry(ws, to)
	}
	return err
}

// mayCarry returns what a store would say to a rename to that name.
func (s *Session) mayCarry(ctx context.Context, to vfs.Path, opts vfs.RenameOptions) error {
	switch dir, err := s.fs.Stat(ctx, to.Dir()); {
	case err != nil:
		return err
	case !dir.IsDir():
		return vfs.ErrNotDir
	}
	switch info, err := vfs.Lstat(ctx, s.fs, to); {
	case errors.Is(err, vfs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !opts.Replace:
		return vfs.ErrExist
	case info.IsDir():
		return vfs.ErrIsDir
	}
	return nil
}

// errTaken is the outcome of an upload that was renamed, where another file has come to the name that it was begun under.
var errTaken error = vfs.Errorf(vfs.ErrChanged, "the file was renamed while it was written, and another one has come to its old name: it was not stored")

// publish commits the content under the name that the file has by now. The store knows the writer by the name that it was opened with.
func (w *writer) publish(ctx context.Context) (vfs.Info, error) {
	w.drain()
	info, err := w.publishNow(ctx)
	if at, linked := w.s.nameOf(w); err == nil && linked {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stored, w.storedAt = &info, at
	}
	return info, err
}

func (w *writer) publishNow(ctx context.Context) (vfs.Info, error) {
	at, linked := w.s.nameOf(w)
	if !linked {
		return w.info(w.name.Base()), nil
	}
	if at == w.path {
		return w.under.Commit(ctx)
	}
	switch info, err := w.s.fs.Stat(ctx, w.path); {
	case err == nil && !info.Partial:
		return vfs.Info{}, errTaken
	case err != nil && !errors.Is(err, vfs.ErrNotExist):
		return vfs.Info{}, err
	}
	info, err := w.under.Commit(ctx)
	if err != nil {
		return info, err
	}
	if err := w.s.fs.Rename(ctx, w.path, at, vfs.RenameOptions{Replace: true}); err != nil {
		return vfs.Info{}, err
	}
	return w.s.fs.Stat(ctx, at)
}

// forget removes what the store may have kept of an upload whose file was removed.
func (w *writer) forget() {
	if _, linked := w.s.nameOf(w); linked || len(w.s.writersAt(w.path)) > 0 {
		return
	}
	ctx := context.WithoutCancel(w.ctx)
	if info, err := w.s.fs.Stat(ctx, w.path); err == nil && info.Partial {
		if err := w.s.fs.Remove(ctx, w.path); err != nil {
			w.s.log.Warn("upload of a removed file not deleted", "path", string(w.name), "err", err)
		}
	}
}
