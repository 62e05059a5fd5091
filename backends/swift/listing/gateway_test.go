package listing

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
)

// top is the container of the tests.
var top = api.Name{Container: "c"}

// gateway is a login whose requests are recorded in a log of its own, and in the one that gateways
// share.
type gateway struct {
	*View
	q Query // its tests list this
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
	client := apitest.NewClient(t, apitest.LogIn(t, srv), api.Config{Patience: time.Second, Stall: time.Minute})
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

// put stores an object with content that no other object has.
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
