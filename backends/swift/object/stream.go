package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// stream reads an object forward by one GET. If the GET breaks, the stream resumes with another
// one. Only one goroutine may use it.
type stream struct {
	store *Store
	ctx   context.Context
	n     api.Name
	etag  string // required of the answer to each GET
	size  int64

	pos    int64
	body   io.ReadCloser // nil: the next Read makes a GET
	failed time.Time     // when data stopped arriving; zero: data is arriving
	tries  int
}

// newStream returns a stream of the bytes from off to end of the object with the ETag. It makes no
// request before the first Read.
func (s *Store) newStream(ctx context.Context, n api.Name, etag string, off, end int64) *stream {
	return &stream{store: s, ctx: ctx, n: n, etag: etag, size: end, pos: off}
}

// openStream begins a stream with the GET of an object, from off to its end, and returns the
// description in the answer's headers.
func (s *Store) openStream(ctx context.Context, n api.Name, off int64) (*stream, api.Object, error) {
	req := api.Request{Method: http.MethodGet, Target: n}
	if off > 0 {
		req.Header = map[string]string{"Range": fmt.Sprintf("bytes=%d-", off)}
	}
	resp, err := s.Client.Open(ctx, req)
	if api.StatusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		// The object has no bytes after off. A HEAD returns the description.
		o, err := s.Client.Head(ctx, n)
		if err != nil {
			return nil, api.Object{}, err
		}
		return &stream{store: s, ctx: ctx, n: n, etag: o.ETag, size: o.Size, pos: max(off, o.Size)}, o, nil
	}
	if err != nil {
		return nil, api.Object{}, err
	}
	o := s.Client.ObjectOf(resp.Header)
	if resp.Status == http.StatusPartialContent {
		if o.Size, err = api.TotalOf(resp.Header.Get("Content-Range")); err != nil {
			resp.Body.Close()
			return nil, api.Object{}, err
		}
	} else if off > 0 {
		resp.Body.Close()
		return nil, api.Object{}, fmt.Errorf("GET %q: no part was given, status %d", n.String(), resp.Status)
	} else if !o.Sized {
		if o.Size, err = s.Client.SizeByRange(ctx, n, o.ETag); err != nil {
			resp.Body.Close()
			return nil, api.Object{}, err
		}
	}
	return &stream{store: s, ctx: ctx, n: n, etag: o.ETag, size: o.Size, pos: off, body: resp.Body}, o, nil
}

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	for {
		if s.pos >= s.size {
			return 0, io.EOF
		}
		if s.body == nil {
			if err := s.reopen(); err != nil {
				return 0, err
			}
		}
		n, err := s.body.Read(p[:min(int64(len(p)), s.size-s.pos)])
		if n > 0 {
			s.failed, s.tries = time.Time{}, 0
			s.pos += int64(n)
			return n, nil
		}
		if err == nil {
			continue
		}
		s.drop()
		if s.ctx.Err() != nil {
			return 0, context.Cause(s.ctx)
		}
		if err := s.pause(err); err != nil {
			return 0, err
		}
	}
}

// pause waits before the next attempt. It returns an error if the time for repeating is over.
func (s *stream) pause(cause error) error {
	now := time.Now()
	if s.failed.IsZero() {
		s.failed = now
	}
	if now.Sub(s.failed) > s.store.Client.Patience {
		if errors.Is(cause, io.EOF) {
			cause = fmt.Errorf("GET %q ended at %d of %d bytes", s.n.String(), s.pos, s.size)
		}
		return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "the storage broke off in the middle of the file", Err: cause}
	}
	s.store.Log.Debug("download taken up again", "target", s.n.String(), "at", s.pos, "err", cause)
	select {
	case <-time.After(api.Backoff(s.tries)):
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
	s.tries++
	return nil
}

// reopen makes a GET of the rest of the same version.
func (s *stream) reopen() error {
	body, err := s.store.OpenRange(s.ctx, s.n, s.etag, s.pos, s.size-s.pos)
	if err != nil {
		return err
	}
	s.body = body
	return nil
}

// drop ends the current GET. The next Read begins another.
func (s *stream) drop() {
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
}

// ReadFull fills p from an object, from off on. The object must still have the ETag.
func (s *Store) ReadFull(ctx context.Context, n api.Name, etag string, off int64, p []byte) error {
	stream := s.newStream(ctx, n, etag, off, off+int64(len(p)))
	defer stream.drop()
	_, err := io.ReadFull(stream, p)
	return err
}

// OpenRange makes a GET of n bytes of an object, from off on. The object must still have the ETag.
func (s *Store) OpenRange(ctx context.Context, target api.Name, etag string, off, n int64) (io.ReadCloser, error) {
	header := map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", off, off+n-1)}
	resp, err := s.Client.OpenMatching(ctx, api.Request{Method: http.MethodGet, Target: target, Header: header}, etag)
	switch api.StatusOf(err) {
	case http.StatusPreconditionFailed, http.StatusNotFound, http.StatusRequestedRangeNotSatisfiable:
		return nil, api.RefusedAs(err, vfs.ErrChanged, "")
	}
	if err != nil {
		return nil, api.Translate(err)
	}
	if resp.Status != http.StatusPartialContent {
		resp.Body.Close()
		return nil, &vfs.Error{Kind: vfs.ErrUnavailable, TransID: resp.TransID(), Err: fmt.Errorf("GET %q: no part was given, status %d", target.String(), resp.Status)}
	}
	return resp.Body, nil
}
