package session

import (
	"context"
	"errors"
	"io"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Copy implements [vfs.CopyFS]. It needs the permission to read the source and to write the copy.
func (s *Session) Copy(ctx context.Context, oldname, newname vfs.Path, opts vfs.CopyOptions) error {
	return s.do(ctx, Event{Op: OpCopy, Path: oldname, Target: newname}, auth.Read, func(ctx context.Context) error {
		if oldname.IsRoot() || newname.IsRoot() {
			return vfs.ErrIsDir
		}
		to, err := s.locate(ctx, newname, toFile)
		if err != nil {
			return err
		}
		keep := opts.Replace && !(s.may(to, auth.Write) && s.may(to, auth.Delete))
		if keep {
			opts.Replace = false
		}
		err = s.copyFile(ctx, oldname, newname, opts)
		if keep && errors.Is(err, vfs.ErrExist) {
			return errKept
		}
		return err
	})
}

var errBeingWritten error = vfs.Errorf(vfs.ErrUnavailable, "the file is being written: copy it when that has ended")

// copyFile copies a file as this session sees it. A file that is being written under the new name
// loses its name, as in a rename.
func (s *Session) copyFile(ctx context.Context, oldname, newname vfs.Path, opts vfs.CopyOptions) error {
	to := s.settled(ctx, newname, true)
	if to != nil && !opts.Replace {
		return vfs.ErrExist
	}
	from := s.settled(ctx, oldname, true)
	if from != nil && from.shownTo(s) {
		return errBeingWritten
	}
	err := vfs.Copy(ctx, s.fs, s.inStore(oldname), s.inStore(newname), opts)
	if from != nil && errors.Is(err, vfs.ErrNotExist) {
		return errBeingWritten
	}
	if err == nil && to != nil {
		to.replaced()
	}
	return err
}

// Range is a range of bytes of a file.
type Range struct {
	Off int64
	Len int64 // negative: to the end
}

// copyPiece is the number of bytes that CopyRange reads at once.
const copyPiece = 256 << 10

// CopyRange copies a range of one open file of this session into a writer of this session, and
// returns the number of bytes. The number is smaller than requested if the file ends before the
// range does. If the range is a whole file and the writer has no content, the store makes and
// publishes the copy, as in [Session.Copy], because clients take the reply to the copy for its
// result. The writer then has this content. If CopyRange fails, the writer does not commit.
func (s *Session) CopyRange(ctx context.Context, from io.ReaderAt, part Range, to vfs.Writer, at int64) (int64, error) {
	w, err := s.writerOf(to)
	if err != nil {
		return 0, err
	}
	n, err := s.copyRange(ctx, from, part, w, at)
	if err != nil {
		_ = w.fail(err)
	}
	return n, err
}

func (s *Session) copyRange(ctx context.Context, from io.ReaderAt, part Range, w *writer, at int64) (int64, error) {
	if rw, ok := from.(*readWriter); ok && rw.writer == w {
		return 0, vfs.Errorf(vfs.ErrInvalid, "a file that is being written cannot be copied into itself")
	}
	if f, ok := from.(*file); ok {
		size := f.Info().Size
		if part.Off == 0 && at == 0 && (part.Len < 0 || part.Len >= size) {
			if done, err := w.become(ctx, f); done || err != nil {
				return size, err
			}
		}
	}
	var done int64
	buf := make([]byte, copyPiece)
	for part.Len < 0 || done < part.Len {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		piece := buf
		if left := part.Len - done; part.Len >= 0 && left < int64(len(piece)) {
			piece = piece[:left]
		}
		n, err := from.ReadAt(piece, part.Off+done)
		if err != nil && err != io.EOF {
			return done, err
		}
		if n > 0 {
			if _, err := w.WriteAt(piece[:n], at+done); err != nil {
				return done, err
			}
		}
		done += int64(n)
		if err == io.EOF {
			break
		}
	}
	return done, nil
}

// become makes the store copy a file to the name of the writer and publish the copy, and makes the
// writer continue with this content. It does nothing and returns false if the writer already has
// content or must replace a certain version, or if the store cannot copy the file.
func (w *writer) become(ctx context.Context, f *file) (done bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)() // so that Close can cancel it and need not wait
	err = w.alone(func() error {
		name, err := w.keepName(ctx)
		if err != nil {
			return err
		}
		defer name()
		w.access.Lock()
		defer w.access.Unlock()
		at, linked := w.files.nameOf(w.openFile)
		switch {
		// Others have the file open, or it has another name.
		case !w.openFile.alone(), at != w.first, !linked:
			return nil
		case w.bytes.Load() > 0, w.Size() > 0, w.failed.get() != nil, w.opts.IfVersion != "":
			return nil
		}
		err = w.s.do(ctx, Event{Op: OpCopy, Path: f.path, Target: w.name}, auth.Read, func(ctx context.Context) error {
			opts := vfs.CopyOptions{Replace: !w.opts.Exclusive, IfVersion: f.Info().Version}
			if err := vfs.Copy(ctx, w.s.fs, w.s.inStore(f.path), w.s.inStore(w.name), opts); err != nil {
				return err
			}
			w.changed.Store(true)
			return w.reopen()
		})
		done = !errors.Is(err, vfs.ErrUnsupported)
		if !done {
			return nil
		}
		return err
	})
	return done, err
}

// reopen makes the writer continue with the stored content under its name. The caller must be the
// only user.
func (w *writer) reopen() error {
	at, _ := w.files.nameOf(w.openFile)
	under, err := w.opener.fs.OpenWriter(w.storeCtx, at, vfs.WriteOptions{Read: w.opts.Read})
	if err != nil {
		return err
	}
	w.mu.Lock()
	old, attrs := w.under, w.attrs
	w.under = under
	w.mu.Unlock()
	if err := old.Close(); err != nil {
		w.s.log.Warn("writer without a content not closed", "path", string(w.name), "err", err)
	}
	if attrs.IsZero() {
		return nil
	}
	return under.SetAttrs(attrs)
}
