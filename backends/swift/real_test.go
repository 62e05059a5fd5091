package swift

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/testneed"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// account is an account for tests: in a fake Swift, or in the real one that the environment names.
type account struct {
	authURL, user, key string
	project, domain    string // names in Keystone; a user is of the project's domain
}

// realSwift returns the Swift that the environment names, and skips the test if it names none. With
// CI=true that is a failure.
func realSwift(t *testing.T) account {
	t.Helper()
	a := account{authURL: os.Getenv("FILEGATE_TEST_SWIFT_AUTH"), user: os.Getenv("FILEGATE_TEST_SWIFT_USER"), key: os.Getenv("FILEGATE_TEST_SWIFT_KEY")}
	if testing.Short() {
		t.Skip("needs a real Swift")
	}
	if a.authURL == "" || a.user == "" || a.key == "" {
		testneed.Missing(t, "no real Swift: FILEGATE_TEST_SWIFT_AUTH, _USER and _KEY are not set")
	}
	return a
}

// realCeph returns an account of the RadosGW that the environment names, and skips the test if it
// names none, like realSwift.
func realCeph(t *testing.T) account {
	t.Helper()
	a := account{authURL: os.Getenv("FILEGATE_TEST_RGW_AUTH"), user: os.Getenv("FILEGATE_TEST_RGW_USER"), key: os.Getenv("FILEGATE_TEST_RGW_KEY")}
	if testing.Short() {
		t.Skip("needs a real RadosGW")
	}
	if a.authURL == "" {
		testneed.Missing(t, "no real RadosGW: FILEGATE_TEST_RGW_AUTH, _USER and _KEY are not set")
	}
	return a
}

// realCephQuota returns an account of the same RadosGW that has a quota of 16 MiB, and the same key.
// It skips the test if there is none, like realSwift.
func realCephQuota(t *testing.T) account {
	t.Helper()
	a := realCeph(t)
	if a.user = os.Getenv("FILEGATE_TEST_RGW_QUOTA_USER"); a.user == "" {
		testneed.Missing(t, "no user of RadosGW with a quota: FILEGATE_TEST_RGW_QUOTA_USER is not set")
	}
	return a
}

// realKeystone returns an account of the same Swift that logs in through Keystone, and skips the
// test if there is none, like realSwift.
func realKeystone(t *testing.T) account {
	t.Helper()
	realSwift(t)
	a := keystoneAccount("")
	if a.authURL == "" {
		testneed.Missing(t, "no real Keystone: FILEGATE_TEST_KEYSTONE is not set")
	}
	return a
}

// keystoneAccount returns the account of the environment's user with a number.
func keystoneAccount(number string) account {
	variable := func(name string) string { return os.Getenv("FILEGATE_TEST_KEYSTONE_" + name + number) }
	return account{
		authURL: os.Getenv("FILEGATE_TEST_KEYSTONE"), user: variable("USER"), key: variable("PASSWORD"), project: variable("PROJECT"), domain: variable("DOMAIN"),
	}
}

// fromKeystone logs in to Keystone v3 by password, and takes the first public endpoint of the
// object store.
func (a account) fromKeystone(ctx context.Context) (backend.Grant, error) {
	domain := map[string]any{"name": a.domain}
	body, err := json.Marshal(map[string]any{"auth": map[string]any{
		"identity": map[string]any{
			"methods":  []string{"password"},
			"password": map[string]any{"user": map[string]any{"name": a.user, "domain": domain, "password": a.key}},
		},
		"scope": map[string]any{"project": map[string]any{"name": a.project, "domain": domain}},
	}})
	if err != nil {
		return backend.Grant{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.authURL+"/auth/tokens", bytes.NewReader(body))
	if err != nil {
		return backend.Grant{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return backend.Grant{}, err
	}
	defer resp.Body.Close()
	var answer struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return backend.Grant{}, err
	}
	for _, service := range answer.Token.Catalog {
		for _, e := range service.Endpoints {
			if service.Type == "object-store" && e.Interface == "public" {
				return backend.Grant{Endpoint: e.URL, Token: auth.Secret(resp.Header.Get("X-Subject-Token"))}, nil
			}
		}
	}
	return backend.Grant{}, fmt.Errorf("%s: status %d, and no endpoint for objects", a.authURL, resp.StatusCode)
}

// Current logs in each time, and so does Renew.
func (a account) Current(ctx context.Context) (backend.Grant, error) {
	if a.project != "" {
		return a.fromKeystone(ctx)
	}
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

// login is an account that keeps its grant until the grant is refused.
type login struct {
	account
	grant chan backend.Grant // contains the current grant
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

// openFS opens an account. change may change the options, whose defaults are small, so that a few
// MiB are a large file.
func openFS(t *testing.T, a account, change func(*Config)) *FS {
	t.Helper()
	cfg := DefaultConfig()
	cfg.SegmentSize, cfg.MaxSegmentSize = mib, 4*mib
	cfg.Memory = buffers.MinMemory
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
	b.(*Backend).besideFrom = never
	t.Cleanup(func() { b.Close() })
	fsys, err := b.Open(t.Context(), backend.Login{
		SessionID: "test", User: a.user, Remote: netip.MustParseAddrPort("192.0.2.7:1024"), Log: log, Grants: newLogin(t, a),
	})
	if err != nil {
		t.Fatal(err)
	}
	fillsPages(t, fsys.(*FS))
	return fsys.(*FS)
}

// makeContainer creates a container for the test, and removes it at the end with everything in it
// and its segments.
func makeContainer(t *testing.T, f *FS) vfs.Path {
	t.Helper()
	var r [6]byte
	rand.Read(r[:])
	n := api.Name{Container: "test-" + hex.EncodeToString(r[:])}
	if err := f.makeContainer(t.Context(), n, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, container := range []string{n.Container, api.SegmentsContainer(n.Container)} {
			removeContainer(t, f, api.Name{Container: container})
		}
	})
	return vfs.Path("/" + n.Container)
}

func removeContainer(t *testing.T, f *FS, n api.Name) {
	ctx := context.WithoutCancel(t.Context())
	err := f.eachBelow(ctx, n, func(ctx context.Context, e listing.Entry) error { return f.client.Delete(ctx, n.With(e.Name)) })
	if err == nil {
		_, err = f.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: n})
	}
	if err != nil && api.StatusOf(err) != http.StatusNotFound {
		t.Logf("cleaning up: %v", err)
	}
}

func TestConformanceReal(t *testing.T) {
	f := openFS(t, realSwift(t), func(c *Config) { c.KeepModes = true })
	checks(t, 5) // each step is slow with a real Swift; the fake makes the many random runs
	vfstest.TestFS(t, func(*testing.T) vfs.FS { return f }, vfstest.Limits{Root: makeContainer(t, f), NoDirLinks: true, Many: 200})
}

// checks sets the number of random runs that test a property: a quarter of n in short mode.
func checks(t *testing.T, n int) {
	t.Helper()
	if testing.Short() {
		n = (n + 3) / 4
	}
	setRapid(t, "checks", n)
}

// steps sets the approximate number of random steps in each run.
func steps(t *testing.T, n int) { setRapid(t, "steps", n) }

func setRapid(t *testing.T, option string, n int) {
	t.Helper()
	v := flag.Lookup("rapid." + option).Value
	before := v.String()
	if err := v.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Set(before); err != nil {
			t.Error(err)
		}
	})
}
