package object

import (
	"context"
	"time"

	"filegate/backends/swift/api"
)

// Opening is an object that was opened by a GET: what the headers of the answer tell, and a body that is
// read when the client reads. It goes into a reader, or is dropped.
type Opening struct {
	Name    api.Name
	Object  api.Object
	took    time.Duration // until the answer
	stream  *stream
	end     context.CancelCauseFunc // of the stream's context
	unbound func() bool             // from the context that ends it too
}

// Open makes the GET of an object, from off to its end. The GET ends with the context, unless it is
// bound to another one. The error is not translated.
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

// Bind ends the GET with the context, after Unbind.
func (a *Opening) Bind(ctx context.Context) {
	a.unbound = context.AfterFunc(ctx, func() { a.end(context.Cause(ctx)) })
}

// Unbind lets the GET go on when the context ends. It reports false where that has ended already.
func (a *Opening) Unbind() bool { return a.unbound() }

// release ends the stream's context, and nothing else ends it any more.
func (a *Opening) release() {
	a.unbound()
	a.end(nil)
}

// Drop ends the GET.
func (a *Opening) Drop() {
	a.stream.drop()
	a.release()
}

// IsFile reports whether the object is a file, and does not stand for a directory.
func (a *Opening) IsFile() bool {
	return !a.Object.IsDir() && !api.IsMarker(a.Name.Object, a.Object.Size, a.Object.ContentType)
}
