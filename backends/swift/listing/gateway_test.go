package listing

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/cache"
)

// top is the container of the tests.
var top = api.Name{Container: "c"}

// gateway is a login whose requests are noted in a log of its own, and in the one that gateways
// share.
type gateway struct {
	*View
	q Query // what its tests list
}

// startSwift starts a fake Swift with the container of the tests.
func startSwift(t *testing.T) *swifttest.Server {
	t.Helper()
	srv := swifttest.Start(t, swifttest.Config{})
	g := newGateway(t, srv, cache.NewMemory(1<<20), Query{})
	if _, err := g.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: top}); err != nil {
		t.Fatal(err)
	}
	return srv
}

func newGateway(t *testing.T, srv *swifttest.Server, shared cache.Cache, q Query) *gateway {
	t.Helper()
	store, err := api.NewStore(api.Config{Patience: time.Second, Stall: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	grant := logIn(t, srv)
	login := backend.Login{
		SessionID: "test", User: "test", Remote: netip.MustParseAddrPort("192.0.2.7:1024"), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Grants: fixed(grant),
	}
	client := store.Client(login, grant.Endpoint)
	log := NewLog(time.Hour, cache.NewMemory(1<<20), shared)
	g := &gateway{New(client, log, NewPageSizes(), time.Now()), q}
	kind, err := g.Kind(t.Context(), top, q)
	if err != nil {
		t.Fatal(err)
	}
	g.sizes.IsLast(kind, 10000) // so that a short page is known to be the last
	client.Observe = g.Record
	return g
}

// fixed is a grant that stays as it is.
type fixed backend.Grant

func (g fixed) Current(context.Context) (backend.Grant, error) { return backend.Grant(g), nil }

func (g fixed) Renew(context.Context, backend.Grant) (backend.Grant, error) {
	return backend.Grant(g), nil
}

func logIn(t *testing.T, srv *swifttest.Server) backend.Grant {
	t.Helper()
	u := swifttest.DefaultUsers()[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.AuthURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-User", u.Account+":"+u.Name)
	req.Header.Set("X-Auth-Key", u.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return backend.Grant{Endpoint: resp.Header.Get("X-Storage-Url"), Token: auth.Secret(resp.Header.Get("X-Auth-Token"))}
}

// put makes an object with a content that no other has.
func (s *gateway) put(t *testing.T, object string) {
	t.Helper()
	body := rand.Text()
	req := api.Request{Method: http.MethodPut, Target: top.With(object), Body: strings.NewReader(body), Length: int64(len(body))}
	if _, err := s.client.Send(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func (s *gateway) remove(t *testing.T, object string) {
	t.Helper()
	if err := s.client.Delete(t.Context(), top.With(object)); err != nil {
		t.Fatal(err)
	}
}
