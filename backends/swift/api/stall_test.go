package api

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStallGuard(t *testing.T) {
	const after = time.Minute
	body := func(g *stallGuard, r func([]byte) (int, error)) func() {
		b := g.body(readFunc(r))
		return func() { b.Read(make([]byte, 1)) }
	}
	for _, tt := range []struct {
		name    string
		do      func(*stallGuard)
		stalled bool
	}{
		{"nothing moves", func(*stallGuard) { time.Sleep(after + 1) }, true},
		{"nothing moves, but not for long", func(*stallGuard) { time.Sleep(after - 1) }, false},
		{"the request's body moves", func(g *stallGuard) {
			r := g.reader(strings.NewReader("abc"))
			for range 3 {
				time.Sleep(after - 1)
				r.Read(make([]byte, 1))
			}
			time.Sleep(after - 1)
		}, false},
		{"the request's body stops", func(g *stallGuard) {
			g.reader(strings.NewReader("abc")).Read(make([]byte, 1))
			time.Sleep(after + 1)
		}, true},
		{"the answer is here and nobody reads it", func(g *stallGuard) {
			body(g, nil)
			time.Sleep(100 * after)
		}, false},
		{"the answer is read slowly", func(g *stallGuard) {
			read := body(g, func([]byte) (int, error) { return 1, nil })
			for range 10 {
				read()
				time.Sleep(10 * after)
			}
		}, false},
		{"the answer does not come", func(g *stallGuard) {
			body(g, func([]byte) (int, error) { time.Sleep(after + 1); return 0, nil })()
		}, true},
		{"the rest of the request is read when the answer is here already", func(g *stallGuard) {
			r := g.reader(strings.NewReader("abc"))
			body(g, nil)
			if n, err := r.Read(make([]byte, 1)); n > 0 || err == nil {
				panic("the body of a request that is over can be read")
			}
			time.Sleep(100 * after)
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, g := newStallGuard(t.Context(), after)
				tt.do(g)
				synctest.Wait()
				if got := ctx.Err() != nil; got != tt.stalled {
					t.Errorf("the request was ended: %v (%v), want %v", got, context.Cause(ctx), tt.stalled)
				}
				if tt.stalled && errors.Is(context.Cause(ctx), context.Canceled) {
					t.Errorf("the cause is %v: a stall must not look as if the session had ended", context.Cause(ctx))
				}
				g.stop()
			})
		})
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
func (f readFunc) Close() error               { return nil }
