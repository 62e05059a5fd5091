package swift

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// account is where a test finds a Swift: a fake one, or the real one that the environment names.
type account struct {
	authURL, user, key string
}

// realSwift returns the Swift that the environment names, and skips the test where there is none. With CI=true that is a failure.
func realSwift(t *testing.T) account {
	t.Helper()
	a := account{os.Getenv("FILEGATE_TEST_SWIFT_AUTH"), os.Getenv("FILEGATE_TEST_SWIFT_USER"), os.Getenv("FILEGATE_TEST_SWIFT_KEY")}
	if testing.Short() {
		t.Skip("needs a real Swift")
	}
	if a.authURL == "" || a.user == "" || a.key == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no real Swift: FILEGATE_TEST_SWIFT_AUTH, _USER and _KEY are not set")
		}
		t.Skip("no real Swift: FILEGATE_TEST_SWIFT_AUTH, _USER and _KEY are not set")
	}
	return a
}

// Current and Renew log in by auth 1.0, each time.
func (a account) Current(ctx context.Context) (backend.Grant, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.authURL, nil)
	if err != nil {
		return backend.Grant{}, err
	}
	req.Header.Set("X-Auth-User", a.user)
	req.Header.Set("X-Auth-Key", a.key)
	req.Close = true // a login is rare, and an idle connection is a goroutine
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return backend.Grant{}, err
	}
	resp.Body.Close()
	return backend.Grant{Endpoint: resp.Header.Get("X-Storage-Url"), Token: auth.Secret(resp.Header.Get("X-Auth-Token"))}, nil
}

// login is an account's grant, kept until it is refused.
type login struct {
	account
	grant chan backend.Grant // holds the one in force
}

func newLogin(t *testing.T, a account) *login {
	t.Helper()
	first, err := a.Current(t.Context())
	if err != nil || first.Token == "" {
		t.Fatalf("login at %s: %v", a.authURL, err)
	}
	l := &login{account: a, grant: make(chan backend.Grant, 1)}
	l.grant <- first
	return l
}

func (l *login) Current(context.Context) (backend.Grant, error) {
	g := <-l.grant
	l.grant <- g
	return g, nil
}

func (l *login) Renew(ctx context.Context, refused backend.Grant) (backend.Grant, error) {
	g := <-l.grant
	defer func() { l.grant <- g }()
	if g.Token != refused.Token {
		return g, nil
	}
	fresh, err := l.account.Current(ctx)
	if err != nil {
		return backend.Grant{}, err
	}
	g = fresh
	return g, nil
}

// openFS opens an account with options that the test has changed from small defaults, with which a few MiB are a large file.
func openFS(t *testing.T, a account, change func(*Config)) *FS {
	t.Helper()
	cfg := DefaultConfig()
	cfg.SegmentSize, cfg.MaxSegmentSize = mib, 4*mib
	cfg.Memory = minMemory
	cfg.Patience = 5 * time.Second
	if change != nil {
		change(cfg)
	}
	cfg.Validate(func(attribute, summary, detail string) { t.Errorf("%s: %s: %s", attribute, summary, detail) })
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	b, err := cfg.New(backend.Env{Name: t.Name(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	fsys, err := b.Open(t.Context(), backend.Login{
		SessionID: "test", User: a.user, Remote: netip.MustParseAddrPort("192.0.2.7:1024"), Log: log, Grants: newLogin(t, a),
	})
	if err != nil {
		t.Fatal(err)
	}
	return fsys.(*FS)
}

// makeContainer makes a container of the test's own, and removes it at the end with all that is in it and its segments.
func makeContainer(t *testing.T, f *FS) vfs.Path {
	t.Helper()
	var r [6]byte
	rand.Read(r[:])
	n := name{container: "test-" + hex.EncodeToString(r[:])}
	if err := f.makeContainer(t.Context(), n, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, container := range []string{n.container, segmentsContainer(n.container)} {
			removeContainer(t, f, name{container: container})
		}
	})
	return vfs.Path("/" + n.container)
}

func removeContainer(t *testing.T, f *FS, n name) {
	ctx := context.WithoutCancel(t.Context())
	err := f.eachBelow(ctx, n, func(ctx context.Context, e entry) error { return f.deleteObject(ctx, n.with(e.Name)) })
	if err == nil {
		_, err = f.client.send(ctx, request{method: http.MethodDelete, target: n})
	}
	if err != nil && status(err) != http.StatusNotFound {
		t.Logf("cleaning up: %v", err)
	}
}

func TestConformanceReal(t *testing.T) {
	f := openFS(t, realSwift(t), func(c *Config) { c.KeepModes = true })
	checks(t, "10") // each step takes a real Swift its time: the many random runs are the fake's
	vfstest.TestFS(t, func(*testing.T) vfs.FS { return f }, vfstest.Limits{Root: makeContainer(t, f), NoDirLinks: true})
}

// checks sets how many random runs a property is tested with.
func checks(t *testing.T, n string) {
	t.Helper()
	v := flag.Lookup("rapid.checks").Value
	before := v.String()
	if err := v.Set(n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Set(before); err != nil {
			t.Error(err)
		}
	})
}
