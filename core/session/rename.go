package session

import (
	"context"
	"errors"
	"slices"
	"strings"

	"filegate/core/vfs"
)

// A file that is being written is an open file, and not only a name. A rename applies to it, and
// after its removal its content is not published, for all sessions of the login.

// remove implements Remove for a name from the client. A file that is being written need not exist
// in the store yet.
func (s *Session) remove(ctx context.Context, name vfs.Path) error {
	o := s.settled(ctx, name, false)
	if o == nil {
		return s.fs.Remove(ctx, s.inStore(name))
	}
	done, err := o.keepName(ctx)
	if err != nil {
		return err
	}
	defer done()
	err = s.fs.Remove(ctx, s.inStore(name))
	if !o.published && (err == nil || errors.Is(err, vfs.ErrNotExist)) {
		s.files.unlink(o)
		return nil
	}
	return err
}

// rmdir implements Rmdir for a client's name.
func (s *Session) rmdir(ctx context.Context, name vfs.Path) error {
	if !s.files.none() && len(s.files.below(s.placeOf(ctx, name))) > 0 {
		return vfs.ErrNotEmpty
	}
	return s.fs.Rmdir(ctx, s.inStore(name))
}

// taken returns an error if a file is being written under a client's name, so that nothing else can
// be created there.
func (s *Session) taken(ctx context.Context, name vfs.Path) error {
	if o := s.settled(ctx, name, false); o != nil {
		return vfs.ErrExist
	}
	return nil
}

// rename implements Rename for clients' names.
func (s *Session) rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	from, to := s.placeToOpen(ctx, s.inStore(oldname)), s.placeToOpen(ctx, s.inStore(newname))
	if from == to {
		if s.files.at(from, false) != nil {
			return nil
		}
		return s.fs.Rename(ctx, s.inStore(oldname), s.inStore(newname), opts)
	}
	end, err := s.files.turn(ctx, from, to)
	defer end()
	if err != nil {
		return err
	}
	m, done, err := s.moving(ctx, from, to)
	defer done()
	if err != nil {
		return err
	}
	switch { // for this login, a file that it is writing exists
	case (m.over != nil || m.within) && !opts.Replace:
		if m.file == nil {
			if _, err := vfs.Lstat(ctx, s.fs, s.inStore(oldname)); err != nil {
				return err
			}
		}
		return vfs.ErrExist
	case m.within:
		return vfs.ErrNotEmpty
	}
	err = s.fs.Rename(ctx, s.inStore(oldname), s.inStore(newname), opts)
	if m.file != nil && errors.Is(err, vfs.ErrNotExist) {
		err = s.mayCarry(ctx, to, opts) // the store does not know the file yet
		m.file.modify()
	}
	if err != nil {
		return err
	}
	if m.over != nil {
		s.files.unlink(m.over)
	}
	if m.file != nil {
		s.carry(ctx, m.file, to)
	}
	for _, o := range m.below {
		s.carry(ctx, o, to+o.at[len(from):])
	}
	return nil
}

// moved holds the open files that a rename concerns.
type moved struct {
	file  *openFile   // gets another name
	over  *openFile   // loses its name
	below []*openFile // are in a directory that gets another name
	// within reports whether open files are in a directory with the new name.
	within bool
}

// moving returns the open files that a rename concerns. Their names cannot change until done is
// called.
func (s *Session) moving(ctx context.Context, from, to vfs.Path) (m moved, done func(), err error) {
	var kept []func()
	done = func() {
		for _, f := range kept {
			f()
		}
	}
	if s.files.none() {
		return m, done, nil
	}
	m = moved{file: s.files.at(from, false), over: s.files.at(to, false), below: s.files.below(from), within: len(s.files.below(to)) > 0}
	all := slices.DeleteFunc(append([]*openFile{m.file, m.over}, m.below...), func(o *openFile) bool { return o == nil })
	// In a fixed order, so that two renames cannot deadlock.
	slices.SortFunc(all, func(a, b *openFile) int { return strings.Compare(string(a.first), string(b.first)) })
	for _, o := range slices.Compact(all) {
		f, err := o.keepName(ctx)
		if err != nil {
			return m, done, err
		}
		kept = append(kept, f)
	}
	// Files that have been published meanwhile belong to the store.
	open := func(o *openFile) *openFile {
		if o == nil || o.published {
			return nil
		}
		return o
	}
	m.file, m.over = open(m.file), open(m.over)
	m.below = slices.DeleteFunc(m.below, func(o *openFile) bool { return o.published })
	return m, done, nil
}

// carry renames an open file, and the store's writer if that is possible.
func (s *Session) carry(ctx context.Context, o *openFile, to vfs.Path) {
	if !s.files.move(o, to) {
		return
	}
	o.access.Lock()
	defer o.access.Unlock()
	switch err := vfs.RenameOf(ctx, o.under, to); {
	case err == nil:
		o.astray = false
		return
	case !errors.Is(err, vfs.ErrUnsupported):
		o.log.Warn("writer not renamed, its content will be sent again", "path", string(to), "err", err)
	}
	o.astray = true
}

// mayCarry returns the error that a store would return for a rename to the name.
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
