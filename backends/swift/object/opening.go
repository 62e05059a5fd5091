package object

import (
	"context"
	"time"

	"filegate/backends/swift/api"
)

// Opening is an object that was opened by a GET: the headers of the answer, and a body that has not
// been read. The caller passes it to NewReader, or calls Drop.
type Opening struct {
	Name    api.Name
	Object  api.Object
	took    time.Duration // time until the answer
	stream  *stream
	end     context.CancelCauseFunc // of the stream's context
	unbound func() bool             // detaches the stream from the context of Open or Bind
}

// Open makes the GET of an object, from off to its end. The GET ends with ctx, until Unbind. The
// error is not translated.
func (s *Store) Open(ctx context.Context, n api.Name, off int64) (*Opening, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	asked := time.Now()
	a := &Opening{Name: n}
	streamCtx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	a.end = end
	a.Bind(ctx)
	var err error
	a.stream, a.Object, err = s.openStream(streamCtx, n, off)
	if err != nil {
		a.release()
		return nil, err
	}
	a.took = time.Since(asked)
	return a, nil
}

// Bind makes the GET end with ctx. The caller must have called Unbind before.
func (a *Opening) Bind(ctx context.Context) {
	a.unbound = context.AfterFunc(ctx, func() { a.end(context.Cause(ctx)) })
}

// Unbind lets the GET continue when its context ends. It returns false if the context has already
// ended.
func (a *Opening) Unbind() bool { return a.unbound() }

// release ends the stream's context and detaches it from other contexts.
func (a *Opening) release() {
	a.unbound()
	a.end(nil)
}

// Drop ends the GET.
func (a *Opening) Drop() {
	a.stream.drop()
	a.release()
}

// IsFile reports whether the object is a file, and not the marker of a directory.
func (a *Opening) IsFile() bool {
	return !a.Object.IsDir() && !api.IsMarker(a.Name.Object, a.Object.Size, a.Object.ContentType)
}
