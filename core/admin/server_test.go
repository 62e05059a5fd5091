package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeGateway notes what it is told.
type fakeGateway struct {
	notReady  error
	reloadErr error
	done      []string
}

func (g *fakeGateway) Status() Status        { return Status{Version: "1"} }
func (g *fakeGateway) Sessions() []Session   { return []Session{{ID: "s1", User: "alice"}} }
func (g *fakeGateway) Transfers() []Transfer { return []Transfer{{Session: "s1", Path: "/file"}} }
func (g *fakeGateway) Bans() []Ban           { return []Ban{{Of: "user", Name: "bob"}} }
func (g *fakeGateway) Ready() error          { return g.notReady }

func (g *fakeGateway) KickSession(id string) int {
	g.done = append(g.done, "kick session "+id)
	return 1
}

func (g *fakeGateway) KickUser(name string) int {
	g.done = append(g.done, "kick user "+name)
	return 2
}

func (g *fakeGateway) SetBan(_ context.Context, of, name string, dur time.Duration) error {
	g.done = append(g.done, "ban "+of+" "+name+" "+dur.String())
	return nil
}

func (g *fakeGateway) LiftBan(_ context.Context, of, name string) error {
	if name == "nobody" {
		return errors.New("there is none")
	}
	g.done = append(g.done, "lift "+of+" "+name)
	return nil
}

func (g *fakeGateway) Upgrade(context.Context) ([]string, error) {
	return []string{"upgraded"}, g.reloadErr
}

func (g *fakeGateway) Reload(context.Context) ([]string, error) { return []string{"done"}, g.reloadErr }

const token = "0123456789abcdef"

// elsewhereListener says of its connections that they came to an address that other machines reach.
type elsewhereListener struct{ net.Listener }

type elsewhereConn struct{ net.Conn }

func (l elsewhereListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return elsewhereConn{c}, err
}

func (elsewhereConn) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }

// serve starts a server at each kind of place, and returns their addresses.
func serve(t *testing.T, g Gateway, token string) map[place]string {
	t.Helper()
	s := New(Options{
		Gateway: g, Token: token, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "metrics") }),
	})
	t.Cleanup(s.Close)
	at := map[place]string{}
	open := func(network, addr string) net.Listener {
		l, err := net.Listen(network, addr) //nolint:noctx // it ends at once
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	path := filepath.Join(t.TempDir(), "s")
	l := open("unix", path)
	at[socket] = path
	go s.Serve(l)
	l = open("tcp", "127.0.0.1:0")
	at[loopback] = l.Addr().String()
	go s.Serve(l)
	l = open("tcp", "127.0.0.1:0")
	at[elsewhere] = l.Addr().String()
	go s.Serve(elsewhereListener{l})
	return at
}

// TestWhoMay is what is free at which place, without a token, with a wrong one and with the right
// one.
func TestWhoMay(t *testing.T) {
	g := &fakeGateway{}
	at, without := serve(t, g, token), serve(t, g, "")
	for _, tt := range []struct {
		method, path string
		free         map[place]bool
	}{
		{http.MethodGet, "/healthz", map[place]bool{socket: true, loopback: true, elsewhere: true}},
		{http.MethodGet, "/readyz", map[place]bool{socket: true, loopback: true, elsewhere: true}},
		{http.MethodGet, "/metrics", map[place]bool{socket: true, loopback: true}},
		{http.MethodGet, "/page.css", map[place]bool{socket: true, loopback: true}},
		{http.MethodGet, "/", map[place]bool{socket: true, loopback: true}},
		{http.MethodGet, "/api/v1/status", map[place]bool{socket: true, loopback: true}},
		{http.MethodGet, "/api/v1/sessions", map[place]bool{socket: true, loopback: true}},
		{http.MethodGet, "/api/v1/transfers", map[place]bool{socket: true, loopback: true}},
		{http.MethodGet, "/api/v1/bans", map[place]bool{socket: true, loopback: true}},
		{http.MethodPost, "/api/v1/kick", map[place]bool{socket: true}},
		{http.MethodPost, "/api/v1/bans", map[place]bool{socket: true}},
		{http.MethodPost, "/api/v1/reload", map[place]bool{socket: true}},
		{http.MethodPost, "/api/v1/upgrade", map[place]bool{socket: true}},
	} {
		for _, where := range []place{socket, loopback, elsewhere} {
			for _, shown := range []string{"", "wrong", token} {
				var body any
				if tt.method == http.MethodPost {
					body = Kick{User: "alice"} // which the others do not understand: that is past the guard
				}
				for _, has := range []bool{true, false} {
					addr := at[where]
					if !has {
						addr = without[where]
					}
					status := http.StatusOK
					err := Dial(addr, shown, nil).do(t.Context(), tt.method, tt.path, body, new(any))
					if r, ok := errors.AsType[*Refused](err); ok {
						status = r.Status
					}
					may := status != http.StatusUnauthorized && status != http.StatusForbidden
					if want := tt.free[where] || has && shown == token; may != want {
						t.Errorf("%s %s from %d with the token %q, server with a token %t: status %d, want allowed to be %t", tt.method, tt.path, where, shown, has, status, want)
					}
				}
			}
		}
	}
}

// TestOtherSites are requests that a browser sends for a page of another site.
func TestOtherSites(t *testing.T) {
	at := serve(t, &fakeGateway{}, "")
	for name, change := range map[string]func(*http.Request){
		"a name that has been given this address": func(r *http.Request) { r.Host = "evil.example.net" },
		"a form": func(r *http.Request) {
			r.Method, r.Body = http.MethodPost, io.NopCloser(strings.NewReader(`{"user":"alice"}`))
			r.URL.Path = "/api/v1/kick"
			r.Header.Set("Content-Type", "text/plain")
		},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at[loopback]+"/api/v1/sessions", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK || bytes.Contains(text, []byte("alice")) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text)
		}
	}
}

func TestClient(t *testing.T) {
	g := &fakeGateway{}
	c := Dial(serve(t, g, "")[socket], "", nil)
	if s, err := c.Status(t.Context()); err != nil || s.Version != "1" {
		t.Errorf("status %v, %v", s, err)
	}
	if all, err := c.Sessions(t.Context()); err != nil || len(all) != 1 || all[0].User != "alice" {
		t.Errorf("sessions %v, %v", all, err)
	}
	if all, err := c.Transfers(t.Context()); err != nil || len(all) != 1 || all[0].Path != "/file" {
		t.Errorf("transfers %v, %v", all, err)
	}
	if all, err := c.Bans(t.Context()); err != nil || len(all) != 1 || all[0].Name != "bob" {
		t.Errorf("bans %v, %v", all, err)
	}
	if n, err := c.Kick(t.Context(), Kick{User: "alice"}); err != nil || n != 2 {
		t.Errorf("kick: %d, %v", n, err)
	}
	if n, err := c.Kick(t.Context(), Kick{Session: "s1"}); err != nil || n != 1 {
		t.Errorf("kick: %d, %v", n, err)
	}
	if _, err := c.Kick(t.Context(), Kick{}); err == nil {
		t.Error("a kick of nobody is no mistake")
	}
	for _, b := range []SetBan{{Of: "user", Name: "bob", For: "1h"}, {Of: "address", Name: "192.0.2.1"}} {
		if _, err := c.SetBan(t.Context(), b); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []SetBan{{Of: "user", Name: "nobody"}, {Of: "user", Name: "bob", For: "long"}} {
		if _, err := c.SetBan(t.Context(), bad); err == nil {
			t.Errorf("%v is no mistake", bad)
		}
	}
	if told, err := c.Reload(t.Context()); err != nil || len(told) != 1 {
		t.Errorf("reload: %q, %v", told, err)
	}
	g.reloadErr = mistaken{}
	if _, err := c.Reload(t.Context()); err == nil {
		t.Error("a reload that failed is none")
	} else if text, ok := Mistakes(err); !ok || text != "line 1: wrong" {
		t.Errorf("mistakes %q, %t", text, ok)
	}
	want := "kick user alice, kick session s1, ban user bob 1h0m0s, lift address 192.0.2.1"
	if got := strings.Join(g.done, ", "); got != want {
		t.Errorf("the gateway was told %q, want %q", got, want)
	}
	g.notReady = errors.New("no authenticator")
	if err := c.do(t.Context(), http.MethodGet, "/readyz", nil, new(any)); err == nil || err.Error() != "no authenticator" {
		t.Errorf("/readyz: %v", err)
	}
	if _, err := Dial(filepath.Join(t.TempDir(), "none"), "", nil).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "no gateway answers") {
		t.Errorf("where nobody listens: %v", err)
	}
}

type mistaken struct{}

func (mistaken) Error() string { return "line 1: wrong" }
func (mistaken) Mistakes() int { return 1 }

func TestLeft(t *testing.T) {
	now := time.Now()
	began := now.Add(-10 * time.Second)
	if left, ok := (Transfer{Bytes: 100, Size: 300, Began: began}).Left(now); !ok || left != 20*time.Second {
		t.Errorf("%v, %t; want 20 seconds", left, ok)
	}
	for _, t2 := range []Transfer{{Bytes: 100, Began: began}, {Size: 100, Began: began}, {Bytes: 1, Size: 1 << 62, Began: began}, {Bytes: 9, Size: 9, Began: now}} {
		if left, ok := t2.Left(now); ok {
			t.Errorf("of %+v nobody knows, and it is %v", t2, left)
		}
	}
}
