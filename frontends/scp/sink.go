package scp

import (
	"context"
	"errors"
	"io"

	"filegate/core/session"
	"filegate/core/vfs"
)

// sink receives files from the client.
type sink struct {
	*wire
	sess      *session.Session
	recursive bool
	preserve  bool
}

// level is a directory that is being filled.
type level struct {
	path vfs.Path
	// into is set if path is a directory into which entries are put. Otherwise path is the name for
	// the only entry.
	into  bool
	attrs vfs.Attrs // set when the directory is complete
}

func (s *sink) run(ctx context.Context, cmd command) error {
	target := cmd.paths[0].Path(cmd.paths[0].Text)
	top, err := s.target(ctx, target, cmd.directory)
	if err != nil {
		return s.fatal(target + ": " + vfs.ClientText(err))
	}
	if err := s.ok(); err != nil {
		return err
	}
	levels := []level{top}
	var when *times // the times for the next entry
	for {
		line, err := s.line()
		switch {
		case err == io.EOF && len(levels) == 1:
			return nil
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
		if told, err := s.message(line); err != nil {
			return err
		} else if told {
			continue
		}
		r, err := parseRecord(line)
		if err != nil {
			return s.fatal(err.Error())
		}
		here := levels[len(levels)-1]
		switch r.kind {
		case kindTimes:
			when = &r.times
			err = s.ok()
		case kindEnd:
			if len(levels) == 1 {
				return s.fatal("protocol error: end of no directory")
			}
			levels = levels[:len(levels)-1]
			err = s.leave(ctx, here)
		case kindDir:
			var next level
			var entered bool
			next, entered, err = s.enter(ctx, here, r, s.attrs(r, when))
			if entered {
				levels = append(levels, next)
			}
			when = nil
		case kindFile:
			err = s.file(ctx, here, r, s.attrs(r, when))
			when = nil
		}
		if err != nil {
			return err
		}
	}
}

// target checks the target path of the command line.
func (s *sink) target(ctx context.Context, name string, mustBeDir bool) (level, error) {
	n, err := vfs.ResolveName(vfs.Root, name)
	if err != nil {
		return level{}, err
	}
	info, err := s.sess.Stat(ctx, n.Path)
	switch {
	case err == nil && info.IsDir():
		return level{path: n.Path, into: true}, nil
	case mustBeDir || n.Dir:
		if err == nil {
			err = vfs.ErrNotDir
		}
		return level{}, err
	case err != nil && !errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, vfs.ErrPermission):
		return level{}, err
	}
	// Without the permission to stat, the write shows whether it is possible.
	return level{path: n.Path}, nil
}

// message handles a line in which the client reports an error. It returns errFatal if the error
// ends the transfer.
func (s *sink) message(line string) (told bool, err error) {
	if line == "" || line[0] != byteWarn && line[0] != byteFatal {
		return false, nil
	}
	s.failed = true
	if line[0] == byteFatal {
		return true, errFatal
	}
	return true, nil
}

// attrs returns the attributes to set, which are empty without -p.
func (s *sink) attrs(r record, when *times) (a vfs.Attrs) {
	if !s.preserve {
		return a
	}
	a.Mode = &r.mode
	if when != nil {
		a.ModTime, a.AccessTime = &when.modified, &when.accessed
	}
	return a
}

func (l level) child(name string) (vfs.Path, error) {
	if !l.into {
		return l.path, nil
	}
	return vfs.Resolve(l.path, "./"+name)
}

// enter creates a directory, or uses an existing one.
func (s *sink) enter(ctx context.Context, in level, r record, attrs vfs.Attrs) (next level, entered bool, err error) {
	if !s.recursive {
		return level{}, false, s.fatal("protocol error: a directory without -r")
	}
	p, err := in.child(r.name)
	if err != nil {
		return level{}, false, s.warn(r.name, err)
	}
	if err := s.sess.Mkdir(ctx, p); err != nil {
		info, statErr := s.sess.Stat(ctx, p)
		if statErr != nil || !info.IsDir() {
			return level{}, false, s.warn(p.ToClient(), err)
		}
	}
	return level{path: p, into: true, attrs: attrs}, true, s.ok()
}

// leave ends a directory. It sets the attributes now, after the last change in the directory.
func (s *sink) leave(ctx context.Context, l level) error {
	if !l.attrs.IsZero() {
		if err := s.sess.SetAttrs(ctx, l.path, l.attrs); err != nil && !errors.Is(err, vfs.ErrUnsupported) {
			return s.warn(l.path.ToClient(), err)
		}
	}
	return s.ok()
}

// file receives one file. It returns only errors that end the transfer, and reports others to the
// client.
func (s *sink) file(ctx context.Context, in level, r record, attrs vfs.Attrs) error {
	p, err := in.child(r.name)
	if err != nil {
		return s.warn(r.name, err)
	}
	w, err := s.sess.OpenWriter(ctx, p, vfs.WriteOptions{Create: true, Truncate: true, Size: r.size})
	if err != nil {
		return s.warn(p.ToClient(), err)
	}
	defer w.Close()
	if err := s.ok(); err != nil {
		return err
	}
	body := &io.LimitedReader{R: s.in, N: r.size}
	_, failed := w.ReadFrom(body)
	// The client sends the rest even after an error.
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if body.N > 0 {
		return io.ErrUnexpectedEOF
	}
	switch err := s.verdict(); {
	case errors.Is(err, errTold):
		// The client has sent zeros for bytes that it could not read. This content is not kept.
		return s.ok()
	case err != nil:
		return err
	}
	if failed == nil {
		failed = commit(ctx, w, attrs)
	}
	if failed != nil {
		return s.warn(p.ToClient(), failed)
	}
	return s.ok()
}

// verdict reads the client's answer on whether the sent data is correct. libssh2, and so curl, ends
// the stream instead after sending all bytes.
func (s *sink) verdict() error {
	if _, err := s.in.Peek(1); err == io.EOF {
		return nil
	}
	return s.answer()
}

func commit(ctx context.Context, w vfs.Writer, attrs vfs.Attrs) error {
	if !attrs.IsZero() {
		if err := w.SetAttrs(attrs); err != nil {
			return err
		}
	}
	_, err := w.Commit(ctx)
	return err
}
