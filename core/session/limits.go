package session

import (
	"context"
	"io"
	"sync/atomic"

	"golang.org/x/time/rate"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// limits are the limits for the content of files: those of the session, and those that it shares
// with others.
type limits struct {
	up, down direction
	total    int64 // bytes in both directions; 0: no limit
	moved    *atomic.Int64
	shares   []*Share
}

// direction holds the rate limiters of one direction. All of them apply.
type direction []*rate.Limiter

func newLimits(l auth.Limits, shares []*Share) limits {
	all := limits{total: l.SessionBytes, moved: new(atomic.Int64), shares: shares}
	all.up.add(limiter(l.UploadRate))
	all.down.add(limiter(l.DownloadRate))
	for _, s := range shares {
		all.up.add(s.up)
		all.down.add(s.down)
	}
	return all
}

func (d *direction) add(l *rate.Limiter) {
	if l != nil {
		*d = append(*d, l)
	}
}

// burst returns how many of n bytes may pass at once.
func (d direction) burst(n int) int {
	for _, l := range d {
		n = min(n, l.Burst())
	}
	return n
}

// limiter returns a rate limiter that lets the bytes of one second pass at once.
func limiter(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(min(bytesPerSecond, 1<<30)))
}

// of reports whether a direction has any limit.
func (l limits) of(d direction) bool { return len(d) > 0 || l.total > 0 }

// errTotal is the error if the session has transferred all bytes that the login allows.
var errTotal error = &vfs.Error{Kind: vfs.ErrQuota, Text: "this session has transferred all that the login allows"}

// pass waits until n bytes may pass, or until ctx ends. The caller must not hold a lock that the
// end of the session needs.
func (t *transfer) pass(d direction, n int) error {
	if n <= 0 {
		return nil
	}
	if l := t.s.limits; l.total > 0 && l.moved.Add(int64(n)) > l.total {
		return errTotal
	}
	if len(d) == 0 {
		return nil
	}
	for n > 0 {
		part := d.burst(n)
		for _, l := range d {
			if err := l.WaitN(t.ctx, part); err != nil {
				return t.stopped(err)
			}
		}
		n -= part
	}
	return nil
}

// stopped returns why a transfer has stopped waiting.
func (t *transfer) stopped(err error) error {
	if ended := t.s.ended(); ended != nil {
		return ended
	}
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	return err
}

// slowly returns a piece of p that is small enough for a steady rate.
func slowly(d direction, p []byte) []byte { return p[:d.burst(len(p))] }

// limitedReader and limitedWriter are between the client and a transfer that has limits.
type limitedReader struct {
	t *transfer
	r io.Reader
}

func (l *limitedReader) Read(p []byte) (int, error) {
	up := l.t.s.limits.up
	n, err := l.r.Read(slowly(up, p))
	if stop := l.t.pass(up, n); stop != nil {
		return 0, stop
	}
	return n, err
}

type limitedWriter struct {
	t *transfer
	w io.Writer
}

func (l *limitedWriter) Write(p []byte) (done int, err error) {
	down := l.t.s.limits.down
	for {
		part := slowly(down, p[done:])
		if err := l.t.pass(down, len(part)); err != nil {
			return done, err
		}
		n, err := l.w.Write(part)
		done += n
		if err != nil || done == len(p) {
			return done, err
		}
	}
}

func (t *transfer) limitReader(r io.Reader) io.Reader {
	if !t.s.limits.of(t.s.limits.up) {
		return r
	}
	return &limitedReader{t, r}
}

func (t *transfer) limitWriter(w io.Writer) io.Writer {
	if !t.s.limits.of(t.s.limits.down) {
		return w
	}
	return &limitedWriter{t, w}
}
