package session

import (
	"context"
	"errors"
	"math"
	"time"

	"filegate/core/vfs"
)

// openForWriting makes w a handle: of the file that sessions of this login have open under the
// name, or of a new one.
func (s *Session) openForWriting(ctx context.Context, w *writer, opts vfs.WriteOptions) error {
	at := s.placeToOpen(ctx, s.inStore(w.name))
	end, err := s.files.turn(ctx, at)
	if err != nil {
		return err
	}
	defer end()
	asked := opts.Exclusive
	opts, w.kept, err = s.keeping(ctx, w.name, s.files.at(at, true), opts)
	if err != nil {
		return err
	}
	w.opts = opts
	w.changed.Store(opts.Truncate)
	joined, over, err := s.joinOpen(ctx, w, at, opts, asked)
	if joined || err != nil {
		return err
	}
	if over != nil {
		opts.Create = true // for this login the file exists, whether or not the store has it
	}
	o, err := s.newOpenFile(ctx, w, at, opts)
	if err != nil {
		if !asked && opts.Exclusive && errors.Is(err, vfs.ErrExist) {
			return errThere
		}
		return err
	}
	if over != nil {
		over.replaced()
	}
	return s.enlist(ctx, o, at, opts)
}

// enlist adds a newly opened file to the table, under the name that it really has. If the name was
// a link to a file that is already open, each of the two would overwrite the other when it is
// published.
func (s *Session) enlist(ctx context.Context, o *openFile, at vfs.Path, opts vfs.WriteOptions) error {
	behind := vfs.WriterPlace(o.under, at)
	if behind == at {
		s.files.add(o)
		return nil
	}
	end, err := s.files.turn(ctx, behind)
	defer end()
	other := s.files.at(behind, false)
	if err == nil && other != nil && !opts.Truncate {
		err = vfs.Errorf(vfs.ErrUnavailable, "the file that this link leads to is being written: open it by its own name, or try again later")
	}
	if err != nil {
		return errors.Join(err, s.takeBack(o))
	}
	if other != nil {
		other.replaced()
	}
	o.at = behind
	s.files.add(o)
	s.files.link(at, o)
	return nil
}

// takeBack undoes the opening of a file that no session has used.
func (s *Session) takeBack(o *openFile) error {
	defer s.giveBack()
	defer o.stop(nil)
	return o.under.Close()
}

// joinOpen makes w a handle of the file that is open at a place, and reports whether there is one.
// It waits for a running Commit. If only other sessions have the file open and the client starts
// new content, joinOpen returns the file that will lose its name.
func (s *Session) joinOpen(ctx context.Context, w *writer, at vfs.Path, opts vfs.WriteOptions, exclusive bool) (joined bool, over *openFile, err error) {
	for {
		o := s.files.at(at, true)
		switch {
		case o == nil:
			return false, nil, nil
		case exclusive:
			return false, nil, vfs.ErrExist
		case o.ending():
			select {
			case <-o.over:
			case <-ctx.Done():
				return false, nil, context.Cause(ctx)
			case <-time.After(commitPatience):
				return false, nil, errUnderWay
			}
			continue
		case opts.Truncate && !o.knows(s):
			return false, o, nil
		case opts.Offset > o.currentSize() && !opts.Truncate:
			return false, nil, vfs.OffsetBehindEnd(opts.Offset, o.currentSize())
		case !o.join(w):
			continue
		case opts.Truncate:
			if err := o.truncate(0); err != nil {
				return false, nil, errors.Join(err, w.abort())
			}
		}
		return true, nil, nil
	}
}

// newOpenFile opens the store's writer. w is the first handle of the file.
func (s *Session) newOpenFile(ctx context.Context, w *writer, at vfs.Path, opts vfs.WriteOptions) (*openFile, error) {
	o := &openFile{
		files: s.files, opener: s, fs: s.fs, log: s.log, first: at, at: at, anew: opts.Truncate, modified: opts.Truncate, touched: time.Now(),
		naming: make(chan struct{}, 1), over: make(chan struct{}), sessions: map[*Session]bool{},
	}
	o.resumption.lowest.Store(math.MaxInt64)
	o.storeCtx, o.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	o.attach(w) // so that the end of w's context also cancels the opening
	under, err := s.fs.OpenWriter(o.storeCtx, s.inStore(w.name), opts)
	if err != nil {
		o.stop(nil)
		return nil, err
	}
	o.under = under
	o.resumption.begun = under.Size()
	s.lend()
	return o, nil
}
