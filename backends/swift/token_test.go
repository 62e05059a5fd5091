package swift

import (
	"context"
	"fmt"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

// TestTokenRevoked ends all tokens at every request of an upload and of a download. The client must
// not notice, and the login is renewed once (row F7 of the old servers, which logged in again for
// each segment).
func TestTokenRevoked(t *testing.T) {
	for _, u := range allUploads() {
		for _, op := range u.ops {
			t.Run(fmt.Sprint(u.name, "/", op), func(t *testing.T) {
				t.Parallel()
				var logins int
				_, err := u.run(t, nil, func(f *fake) {
					logins = f.srv.Count(swifttest.Login)
					f.srv.Inject(swifttest.Rule{Op: op, Times: 1, Fault: swifttest.Fault{Call: f.srv.Revoke}})
					t.Cleanup(func() {
						if n := f.srv.Count(swifttest.Login) - logins; n != 1 {
							t.Errorf("the login was renewed %d times, want once", n)
						}
					})
				})
				if err != nil {
					t.Errorf("the upload ended with %v", err)
				}
			})
		}
	}
	for form, size := range downloads {
		t.Run("reading "+form, func(t *testing.T) {
			t.Parallel()
			f, data := newDownload(t, size, nil)
			f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Times: 1, Fault: swifttest.Fault{
				At: swifttest.InAnswer, Bytes: 100_000, Call: f.srv.Revoke, Cut: true,
			}})
			f.has(t, "/c/file", data, "the end of a token is not the end of a download")
			if n := f.srv.Count(swifttest.Login); n != 1 {
				t.Errorf("the login was renewed %d times, want once", n)
			}
		})
	}
}

// refusedLogin is a login that is not renewed.
type refusedLogin struct{ backend.Grants }

func (refusedLogin) Renew(context.Context, backend.Grant) (backend.Grant, error) {
	return backend.Grant{}, vfs.Errorf(vfs.ErrPermission, "the login is no longer valid: log in again")
}

func TestTokenNotRenewed(t *testing.T) {
	for _, u := range allUploads() {
		for _, op := range u.ops {
			t.Run(fmt.Sprint(u.name, "/", op), func(t *testing.T) {
				t.Parallel()
				f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize, c.Patience = buffers.BlockSize, 10*time.Second })
				old := u.prepare(t, f, "/c/file")
				grants := f.client.Grants
				f.client.Grants = refusedLogin{grants}
				f.srv.Inject(swifttest.Rule{Op: op, Times: 1, Fault: swifttest.Fault{Call: f.srv.Revoke}})
				within(t, 9*time.Second, "a login that has ended is not waited for", func() {
					if err := u.write(t, f, "/c/file", apitest.Noise(u.data)); vfs.Kind(err) != vfs.ErrPermission {
						t.Errorf("the upload ended with %v, want %v", err, vfs.ErrPermission)
					}
				})
				f.client.Grants = grants
				if u.old >= 0 {
					f.has(t, "/c/file", old, "what was there stays")
				}
			})
		}
	}
	t.Run("reading", func(t *testing.T) {
		f, _ := newDownload(t, 3*buffers.BlockSize, nil)
		f.client.Grants = refusedLogin{f.client.Grants}
		f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 100_000, Call: f.srv.Revoke, Cut: true}})
		if _, err := f.read(t.Context(), "/c/file"); vfs.Kind(err) != vfs.ErrPermission {
			t.Errorf("the download ended with %v, want %v", err, vfs.ErrPermission)
		}
	})
}

// unreachableLogin is a login whose authenticator cannot be reached at first.
type unreachableLogin struct {
	backend.Grants
	failures int
}

func (g *unreachableLogin) Renew(ctx context.Context, refused backend.Grant) (backend.Grant, error) {
	if g.failures > 0 {
		g.failures--
		return backend.Grant{}, vfs.Errorf(vfs.ErrUnavailable, "the login could not be renewed, try again later")
	}
	return g.Grants.Renew(ctx, refused)
}

// TestTokenRenewedLate has an authenticator that cannot be reached when a token has ended. Filegate
// waits for it as for Swift itself.
func TestTokenRenewedLate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		failures int
		want     error
	}{{3, nil}, {1000, vfs.ErrUnavailable}} {
		f := newFake(t, swifttest.Limits{}, func(c *Config) { c.Patience = 2 * time.Second })
		grants := f.client.Grants
		f.client.Grants = &unreachableLogin{grants, tt.failures}
		f.srv.Revoke()
		_, err := f.Stat(t.Context(), "/c")
		if vfs.Kind(err) != tt.want || tt.want == nil && err != nil {
			t.Errorf("after %d failures to renew a login: %v, want %v", tt.failures, err, tt.want)
		}
		f.client.Grants = grants
	}
}
