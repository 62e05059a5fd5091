package session_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	vfstest.TestFS(t, func(t *testing.T) vfs.FS {
		fsys := newStore(t)
		first := begin(t, func(cfg *session.Config) {
			cfg.FS, cfg.Log = fsys, slog.New(slog.DiscardHandler) // the suite tells enough
		})
		return &colleagues{Session: first.Session, t: t, identity: auth.Identity{User: "alice", Home: home}, fs: fsys}
	}, vfstest.Limits{})
}

// colleagues is a session that leaves each upload to another session of the same login, since to
// itself it shows what it has not published yet.
type colleagues struct {
	*session.Session
	t        *testing.T
	identity auth.Identity
	fs       vfs.FS
}

func (c *colleagues) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	other, err := session.New(context.WithoutCancel(c.t.Context()), session.Config{Identity: c.identity, FS: c.fs, Log: c.Log()})
	if err != nil {
		return nil, err
	}
	w, err := other.OpenWriter(ctx, name, opts)
	if err != nil {
		other.Close()
		return nil, err
	}
	own := &onlyWriter{Writer: w, session: other}
	if r, err := vfs.ReadWriterAt(w); err == nil {
		return struct {
			*onlyWriter
			io.ReaderAt
		}{own, r}, nil
	}
	return own, nil
}

// onlyWriter is the one writer of a session.
type onlyWriter struct {
	vfs.Writer
	session *session.Session
}

func (w *onlyWriter) Close() error {
	err := w.Writer.Close()
	w.session.Close()
	return err
}
