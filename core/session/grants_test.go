package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// renewer is an authenticator that answers as it is told, or with a new token for an hour each
// time.
type renewer struct {
	takes  time.Duration
	answer func(old auth.Grant) (auth.Grant, error)

	mu    sync.Mutex
	asked []auth.Grant
	ended int // calls that were cancelled
}

func (r *renewer) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	r.mu.Lock()
	r.asked = append(r.asked, old)
	n := len(r.asked)
	r.mu.Unlock()
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended++
		return auth.Grant{}, fmt.Errorf("asking: %w", ctx.Err())
	}
	if r.answer != nil {
		return r.answer(old)
	}
	return grantFor(auth.Secret(fmt.Sprintf("token%d", n)), time.Hour), nil
}

func (r *renewer) times() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

func grantFor(token auth.Secret, life time.Duration) auth.Grant {
	return auth.Grant{Endpoint: "http://store", Token: token, Expires: time.Now().Add(life), Renewal: []byte("sealed " + token)}
}

// grants runs a test in a bubble where time passes when nothing else does.
func grants(t *testing.T, life time.Duration, r *renewer, test func(t *testing.T, g *session.Grants, log *logLines)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := &logLines{}
		first := auth.Grant{Token: "token0"}
		if life != 0 {
			first = grantFor("token0", life)
		}
		test(t, session.NewGrants(first, r, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))), log)
		if strings.Contains(log.String(), "token") || strings.Contains(log.String(), "sealed") {
			t.Errorf("a secret is in the log:\n%s", log)
		}
	})
}

func wantToken(t *testing.T, g *session.Grants, want auth.Secret) auth.Grant {
	t.Helper()
	grant, err := g.Current(t.Context())
	if err != nil || grant.Token != want {
		t.Errorf("the grant is that of %s, %v; want %s", grant.Token.Reveal(), err, want.Reveal())
	}
	return grant
}

func wantAsked(t *testing.T, r *renewer, want int) {
	t.Helper()
	if n := r.times(); n != want {
		t.Errorf("the authenticator was asked %d times, want %d", n, want)
	}
}

func TestGrantAhead(t *testing.T) {
	for _, tt := range []struct{ life, ahead time.Duration }{
		{24 * time.Hour, time.Minute},
		{time.Hour, time.Minute},
		{10 * time.Minute, time.Minute},
		{time.Minute, 6 * time.Second},
		{10 * time.Second, time.Second},
	} {
		r := &renewer{}
		grants(t, tt.life, r, func(t *testing.T, g *session.Grants, log *logLines) {
			time.Sleep(tt.life - tt.ahead - time.Nanosecond)
			wantToken(t, g, "token0")
			wantAsked(t, r, 0)
			time.Sleep(time.Nanosecond)
			wantToken(t, g, "token1")
			wantToken(t, g, "token1")
			wantAsked(t, r, 1)
			if string(r.asked[0].Renewal) != "sealed token0" {
				t.Errorf("the authenticator was asked with %+v, want the grant in use", r.asked[0])
			}
			time.Sleep(time.Hour)
			wantToken(t, g, "token2")
			if string(r.asked[1].Renewal) != "sealed token1" {
				t.Errorf("the authenticator was asked with %+v, want the grant in use", r.asked[1])
			}
		})
	}
}

func TestGrantWithoutEnd(t *testing.T) {
	r := &renewer{}
	grants(t, 0, r, func(t *testing.T, g *session.Grants, log *logLines) {
		for range 10 {
			time.Sleep(24 * time.Hour)
			wantToken(t, g, "token0")
		}
		wantAsked(t, r, 0)
	})
}

// TestGrantOnce is that whoever asks at the same time, for whichever reason, waits for one renewal.
func TestGrantOnce(t *testing.T) {
	r := &renewer{takes: time.Second}
	grants(t, time.Hour, r, func(t *testing.T, g *session.Grants, log *logLines) {
		refused := wantToken(t, g, "token0")
		time.Sleep(time.Hour - time.Second)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				var fresh auth.Grant
				var err error
				if i%2 == 0 {
					fresh, err = g.Renew(t.Context(), refused)
				} else {
					fresh, err = g.Current(t.Context())
				}
				if err != nil || fresh.Token != "token1" {
					t.Errorf("got the grant of %s, %v", fresh.Token.Reveal(), err)
				}
			})
		}
		wg.Wait()
		wantAsked(t, r, 1)
	})
}

// TestGrantReplaced is that a token which was refused, and has been replaced since, costs nothing.
func TestGrantReplaced(t *testing.T) {
	r := &renewer{}
	grants(t, time.Hour, r, func(t *testing.T, g *session.Grants, log *logLines) {
		refused := wantToken(t, g, "token0")
		for range 3 {
			fresh, err := g.Renew(t.Context(), refused)
			if err != nil || fresh.Token != "token1" {
				t.Errorf("Renew = the grant of %s, %v", fresh.Token.Reveal(), err)
			}
		}
		wantAsked(t, r, 1)
	})
}

// TestGrantKept is that a grant which cannot be renewed is used to its end, and the authenticator
// asked now and then.
func TestGrantKept(t *testing.T) {
	fails := &renewer{answer: func(auth.Grant) (auth.Grant, error) { return auth.Grant{}, auth.ErrUnavailable }}
	grants(t, time.Hour, fails, func(t *testing.T, g *session.Grants, log *logLines) {
		time.Sleep(time.Hour - time.Minute)
		for range 60 {
			wantToken(t, g, "token0")
			wantToken(t, g, "token0")
			time.Sleep(time.Second)
		}
		wantAsked(t, fails, 12)
		_, err := g.Current(t.Context())
		wantKind(t, err, vfs.ErrUnavailable, "Current after the end of a grant that cannot be renewed")
		wantAsked(t, fails, 13)
		fails.answer = nil
		wantToken(t, g, "token14")
	})
}

// TestGrantKeptToTheEnd is that putting a renewal off does not outlast the grant.
func TestGrantKeptToTheEnd(t *testing.T) {
	fails := &renewer{answer: func(auth.Grant) (auth.Grant, error) { return auth.Grant{}, auth.ErrUnavailable }}
	grants(t, time.Hour, fails, func(t *testing.T, g *session.Grants, log *logLines) {
		time.Sleep(time.Hour - time.Second)
		wantToken(t, g, "token0")
		fails.answer = nil
		time.Sleep(time.Second)
		wantToken(t, g, "token2")
	})
}

func TestGrantErrors(t *testing.T) {
	for _, tt := range []struct{ err, want error }{
		{auth.ErrDenied, vfs.ErrPermission},
		{auth.ErrUnknownUser, vfs.ErrPermission},
		{auth.ErrUnavailable, vfs.ErrUnavailable},
		{auth.ErrInvalid, vfs.ErrUnavailable},
		{errors.New("of no kind"), vfs.ErrUnavailable},
	} {
		r := &renewer{answer: func(auth.Grant) (auth.Grant, error) { return auth.Grant{}, fmt.Errorf("cloud: %w", tt.err) }}
		grants(t, time.Hour, r, func(t *testing.T, g *session.Grants, log *logLines) {
			_, err := g.Renew(t.Context(), wantToken(t, g, "token0"))
			wantKind(t, err, tt.want, fmt.Sprint("Renew for ", tt.err))
			if !errors.Is(err, tt.err) {
				t.Errorf("the log does not learn the cause from %v", err)
			}
			if text := vfs.ClientText(err); strings.Contains(text, "cloud") {
				t.Errorf("the client reads %q", text)
			}
			if lines := log.lines(t, "grant not renewed"); len(lines) != 1 || lines[0]["level"] != "WARN" {
				t.Errorf("the log says %v, want one warning", lines)
			}
		})
	}
}

// TestGrantErrorText has an authenticator that has something to say to the client.
func TestGrantErrorText(t *testing.T) {
	r := &renewer{answer: func(auth.Grant) (auth.Grant, error) {
		return auth.Grant{}, fmt.Errorf("cloud: %w", &auth.Error{Kind: auth.ErrDenied, Text: "Give another code."})
	}}
	grants(t, time.Hour, r, func(t *testing.T, g *session.Grants, _ *logLines) {
		_, err := g.Renew(t.Context(), wantToken(t, g, "token0"))
		wantKind(t, err, vfs.ErrPermission, "Renew")
		if text := vfs.ClientText(err); text != "Give another code." {
			t.Errorf("the client reads %q", text)
		}
	})
}

// TestGrantTimeout is that an authenticator which does not answer holds nobody for ever.
func TestGrantTimeout(t *testing.T) {
	r := &renewer{takes: time.Hour}
	grants(t, 0, r, func(t *testing.T, g *session.Grants, log *logLines) {
		begun := time.Now()
		_, err := g.Renew(t.Context(), wantToken(t, g, "token0"))
		wantKind(t, err, vfs.ErrUnavailable, "Renew without an answer")
		if d := time.Since(begun); d != 30*time.Second {
			t.Errorf("Renew took %v", d)
		}
	})
}

// TestGrantGiveUp is that one who gives up gets his context's error, and the others their grant.
func TestGrantGiveUp(t *testing.T) {
	r := &renewer{takes: 10 * time.Second}
	grants(t, time.Hour, r, func(t *testing.T, g *session.Grants, log *logLines) {
		refused := wantToken(t, g, "token0")
		time.Sleep(time.Hour - time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // the first, who began it
			if _, err := g.Renew(ctx, refused); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Renew = %v, want the error of ctx", err)
			}
		})
		wg.Go(func() {
			if _, err := g.Current(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Current = %v, want the error of ctx", err)
			}
		})
		wg.Go(func() { wantToken(t, g, "token1") })
		wg.Wait()
		wantAsked(t, r, 1)
		if r.ended != 0 {
			t.Error("the renewal was cancelled although somebody waited for it")
		}
	})
}

// TestGrantNobodyWaits is that a renewal which nobody waits for any more ends, leaves no warning,
// and spoils nothing for who comes then.
func TestGrantNobodyWaits(t *testing.T) {
	r := &renewer{takes: 10 * time.Second}
	grants(t, 0, r, func(t *testing.T, g *session.Grants, log *logLines) {
		refused := wantToken(t, g, "token0")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := g.Renew(ctx, refused); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Renew = %v, want the error of ctx", err)
				}
			})
		}
		wg.Wait()
		fresh, err := g.Renew(t.Context(), refused)
		if err != nil || fresh.Token != "token2" {
			t.Errorf("Renew after the others gave up = the grant of %s, %v", fresh.Token.Reveal(), err)
		}
		wantAsked(t, r, 2)
		if r.ended != 1 {
			t.Errorf("%d renewals were cancelled, want the one that nobody waited for", r.ended)
		}
		if strings.Contains(log.String(), "WARN") {
			t.Errorf("that nobody waits is no fault:\n%s", log)
		}
	})
}

// TestGrantSameToken is an authenticator that stands by its token: each who is refused may ask
// again, and nobody asks for ever.
func TestGrantSameToken(t *testing.T) {
	same := &renewer{answer: func(old auth.Grant) (auth.Grant, error) { return old, nil }}
	grants(t, time.Hour, same, func(t *testing.T, g *session.Grants, log *logLines) {
		refused := wantToken(t, g, "token0")
		for n := range 3 {
			fresh, err := g.Renew(t.Context(), refused)
			if err != nil || fresh.Token != "token0" {
				t.Errorf("Renew = the grant of %s, %v", fresh.Token.Reveal(), err)
			}
			wantAsked(t, same, n+1)
		}
		for range 10 * 3600 { // through its end and far beyond
			wantToken(t, g, "token0")
			time.Sleep(100 * time.Millisecond)
		}
		for range 1000 {
			time.Sleep(time.Hour)
			wantToken(t, g, "token0")
		}
		if n := same.times(); n > 20 {
			t.Errorf("the authenticator was asked %d times for a token that it does not replace", n)
		}
	})
}

// TestGrantBornEnded is a cloud whose clock is behind ours: its tokens are good though they look as
// if they had ended.
func TestGrantBornEnded(t *testing.T) {
	r := &renewer{answer: func(auth.Grant) (auth.Grant, error) { return grantFor("late", -time.Minute), nil }}
	grants(t, -time.Minute, r, func(t *testing.T, g *session.Grants, log *logLines) {
		for range 10 {
			wantToken(t, g, "token0")
			time.Sleep(time.Minute)
		}
		wantAsked(t, r, 0)
		refused, _ := g.Current(t.Context())
		if _, err := g.Renew(t.Context(), refused); err != nil {
			t.Errorf("Renew: %v", err)
		}
		for range 10 {
			wantToken(t, g, "late")
			time.Sleep(time.Minute)
		}
		wantAsked(t, r, 1)
	})
}

// TestGrantsTogether has many transfers refused again and again; the race detector looks on.
func TestGrantsTogether(t *testing.T) {
	r := &renewer{takes: time.Millisecond}
	grants(t, time.Hour, r, func(t *testing.T, g *session.Grants, log *logLines) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for n := range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+(i+n)%3)*time.Millisecond)
					grant, err := g.Current(ctx)
					if err == nil {
						_, err = g.Renew(ctx, grant)
					}
					if err != nil && ctx.Err() == nil {
						t.Error(err)
					}
					cancel()
				}
			})
		}
		wg.Wait()
	})
}
