package scp

import (
	"context"
	"errors"
	"fmt"
	"io"

	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/frontends/shellwords"
)

// source sends files to the client.
type source struct {
	*wire
	sess      *session.Session
	recursive bool
	preserve  bool
}

func (s *source) run(ctx context.Context, cmd command) error {
	if err := s.answer(); err != nil { // the client starts
		return err
	}
	for _, w := range cmd.paths {
		if err := s.word(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// word sends the files of one word of the command line. A pattern without matches is taken as a
// name, as in a shell.
func (s *source) word(ctx context.Context, w shellwords.Word) error {
	found, err := shellwords.Glob(ctx, s.sess, w.Path(w.Pattern), func(p vfs.Path) error { return s.entry(ctx, p) })
	if failed, ok := errors.AsType[*shellwords.GlobError](err); ok {
		return s.warn(failed.Path, failed.Err)
	}
	if err != nil || found {
		return err
	}
	name := w.Path(w.Text)
	p, err := vfs.Resolve(vfs.Root, name)
	if err != nil {
		return s.warn(name, err)
	}
	return s.entry(ctx, p)
}

// entry sends a file or directory. Like the methods below, it returns only errors that end the
// transfer, and reports others to the client.
func (s *source) entry(ctx context.Context, p vfs.Path) error {
	info, err := s.sess.Stat(ctx, p)
	switch {
	case err != nil:
		return s.warn(p.ToClient(), err)
	case !info.IsDir():
		return s.file(ctx, p)
	case !s.recursive:
		return s.warn(p.ToClient(), vfs.Errorf(vfs.ErrIsDir, "not a regular file"))
	case p.IsRoot(): // clients would refuse any name for it
		return s.warn(p.ToClient(), vfs.Errorf(vfs.ErrUnsupported, "the root directory has no name: ask for /* instead"))
	}
	return s.directory(ctx, p, info)
}

// announce sends a record, preceded by the times with -p. It returns errTold if the client does not
// want the entry.
func (s *source) announce(r record, info vfs.Info) error {
	lines := []record{r}
	if s.preserve && r.kind != kindEnd {
		lines = []record{{kind: kindTimes, times: times{info.ModTime, info.ModTime}}, r}
	}
	for _, line := range lines {
		if _, err := io.WriteString(s.out, line.String()); err != nil {
			return err
		}
		if err := s.answer(); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) directory(ctx context.Context, p vfs.Path, info vfs.Info) error {
	l, err := s.sess.List(ctx, p)
	if err != nil {
		return s.warn(p.ToClient(), err)
	}
	defer l.Close()
	switch err := s.announce(record{kind: kindDir, mode: info.Mode, name: vfs.UnescapeBytes(p.Base())}, info); {
	case errors.Is(err, errTold):
		return nil
	case err != nil:
		return err
	}
	for {
		page, err := l.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			if err := s.warn(p.ToClient(), err); err != nil {
				return err
			}
			break
		}
		if err := vfs.FollowLinks(ctx, s.sess, p, page); err != nil {
			return err
		}
		for _, entry := range page {
			child := p.Join(entry.Name)
			if entry.IsDir() {
				err = s.directory(ctx, child, entry)
			} else {
				err = s.file(ctx, child)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := s.announce(record{kind: kindEnd}, info); !errors.Is(err, errTold) {
		return err
	}
	return nil
}

// file sends one file. The client expects exactly as many bytes as announced. So file sends zeros
// for bytes that could not be read, and then reports the error.
func (s *source) file(ctx context.Context, p vfs.Path) error {
	f, err := s.sess.Open(ctx, p, vfs.OpenOptions{})
	if err != nil {
		return s.warn(p.ToClient(), err)
	}
	defer f.Close()
	info := f.Info()
	switch err := s.announce(record{kind: kindFile, mode: info.Mode, size: info.Size, name: vfs.UnescapeBytes(p.Base())}, info); {
	case errors.Is(err, errTold):
		return nil
	case err != nil:
		return err
	}
	body := &body{out: s.out, left: info.Size}
	_, failed := f.WriteTo(body)
	if body.err != nil {
		return body.err
	}
	if failed == nil && body.left > 0 {
		failed = vfs.Errorf(vfs.ErrChanged, "the file is shorter than it was")
	}
	if _, err := io.CopyN(s.out, zeros{}, body.left); err != nil {
		return err
	}
	if failed != nil {
		err = s.warn(p.ToClient(), failed)
	} else {
		err = s.ok()
	}
	if err != nil {
		return err
	}
	if err := s.answer(); !errors.Is(err, errTold) {
		return err
	}
	return nil
}

// body writes exactly as many bytes as were announced. It records errors of the client separately
// from those of the store.
type body struct {
	out  io.Writer
	left int64
	err  error // of the connection to the client
}

func (b *body) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		return 0, vfs.Errorf(vfs.ErrChanged, "the file is longer than it was")
	}
	n, err := b.out.Write(p)
	b.left -= int64(n)
	if err != nil {
		b.err = fmt.Errorf("to the client: %w", err)
	}
	return n, err
}

// zeros is an endless reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
