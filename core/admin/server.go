package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the options of a [Server].
type Options struct {
	Gateway Gateway
	Metrics http.Handler
	Token   string // required except where guard needs none; empty: there is no token. See SetToken
	Log     *slog.Logger
}

// Server answers operators, supervisors, load balancers and Prometheus.
type Server struct {
	opts  Options
	http  *http.Server
	token atomic.Pointer[string]

	watchers chan struct{} // limits the number of clients that watch the status page

	mu        sync.Mutex
	listeners []net.Listener
	closed    bool
}

// New returns a server. It does not listen yet.
func New(o Options) *Server {
	s := &Server{opts: o, watchers: make(chan struct{}, maxWatchers)}
	s.SetToken(o.Token)
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, placeOf(c))
		},
	}
	return s
}

// SetToken replaces the token.
func (s *Server) SetToken(token string) { s.token.Store(&token) }

// place is where a client connects from. It decides what the client may do without a token.
type place int

const (
	elsewhere place = iota
	loopback        // a loopback address, which other machines cannot reach
	socket          // the unix socket, whose mode decides who may use it
)

type connKey struct{}

func placeOf(c net.Conn) place {
	switch a := c.LocalAddr().(type) {
	case *net.UnixAddr:
		return socket
	case *net.TCPAddr:
		if a.IP.IsLoopback() {
			return loopback
		}
	}
	return elsewhere
}

// need is what a request without a token requires.
type need int

const (
	nothing  need = iota
	toLook        // a loopback address or the unix socket
	toChange      // the unix socket
)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	g := s.opts.Gateway
	handle := func(pattern string, n need, h http.HandlerFunc) { mux.Handle(pattern, s.guard(n, h)) }
	handle("GET /healthz", nothing, func(w http.ResponseWriter, _ *http.Request) { ok(w) })
	handle("GET /readyz", nothing, func(w http.ResponseWriter, r *http.Request) {
		switch err := g.Ready(); {
		case err == nil:
			ok(w)
		case r.Context().Value(connKey{}) == elsewhere: // the reason is not for strangers
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		default:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	if s.opts.Metrics != nil {
		handle("GET /metrics", toLook, s.opts.Metrics.ServeHTTP)
	}
	handle("GET /{$}", toLook, s.show)
	handle("GET /events", toLook, s.watch)
	handle("GET /page.css", toLook, pageFile("page.css", "text/css; charset=utf-8"))
	handle("GET /page.js", toLook, pageFile("page.js", "text/javascript; charset=utf-8"))
	handle("GET /api/v1/status", toLook, func(w http.ResponseWriter, _ *http.Request) { answer(w, g.Status()) })
	handle("GET /api/v1/sessions", toLook, func(w http.ResponseWriter, _ *http.Request) { answer(w, g.Sessions()) })
	handle("GET /api/v1/transfers", toLook, func(w http.ResponseWriter, _ *http.Request) { answer(w, g.Transfers()) })
	handle("GET /api/v1/bans", toLook, func(w http.ResponseWriter, _ *http.Request) { answer(w, g.Bans()) })
	handle("POST /api/v1/kick", toChange, s.kick)
	handle("POST /api/v1/bans", toChange, s.setBan)
	handle("POST /api/v1/reload", toChange, changed(g.Reload))
	handle("POST /api/v1/upgrade", toChange, changed(g.Upgrade))
	return mux
}

// guard passes on requests with the token, and those from a place where none is needed.
func (s *Server) guard(n need, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		from, _ := r.Context().Value(connKey{}).(place)
		switch {
		case n == nothing, s.hasToken(r), from == socket:
		case n == toLook && from == loopback && localName(r.Host):
		case *s.token.Load() == "":
			http.Error(w, "this takes the unix socket of the admin block, or its token, and it has none", http.StatusForbidden)
			return
		default:
			w.Header().Add("WWW-Authenticate", `Bearer realm="filegate"`)
			if n == toLook { // for browsers: any user name, with the token as the password
				w.Header().Add("WWW-Authenticate", `Basic realm="filegate"`)
			}
			http.Error(w, "this takes the token of the admin block, or its unix socket", http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodPost {
			// A page of another site cannot send this type without a preflight request.
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				http.Error(w, "the Content-Type has to be application/json", http.StatusUnsupportedMediaType)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		}
		h(w, r)
	})
}

// maxRequest is the longest request body, in bytes.
const maxRequest = 64 << 10

// localName reports whether a client has used a local name of this machine. A page of another site
// can let its own name resolve to the address of this machine, in order to read the data here.
func localName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// hasToken reports whether the request has the token. It takes constant time.
func (s *Server) hasToken(r *http.Request) bool {
	shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, shown, ok = r.BasicAuth() // from browsers
	}
	token := *s.token.Load()
	got, want := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(token))
	return ok && token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// ok sends the positive answer. It ignores errors, because the client may be gone.
func ok(w io.Writer) { _, _ = io.WriteString(w, "ok\n") }

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}

// ask parses the body of a request. If it returns false, it has already answered.
func ask(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		http.Error(w, "not understood: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func (s *Server) kick(w http.ResponseWriter, r *http.Request) {
	var k Kick
	if !ask(w, r, &k) {
		return
	}
	switch {
	case (k.Session == "") == (k.User == ""):
		http.Error(w, "name a session or a user", http.StatusBadRequest)
	case k.Session != "":
		answer(w, Kicked{s.opts.Gateway.KickSession(k.Session)})
	default:
		answer(w, Kicked{s.opts.Gateway.KickUser(k.User)})
	}
}

func (s *Server) setBan(w http.ResponseWriter, r *http.Request) {
	var b SetBan
	if !ask(w, r, &b) {
		return
	}
	err := func() error {
		if b.For == "" {
			return s.opts.Gateway.LiftBan(r.Context(), b.Of, b.Name)
		}
		dur, err := time.ParseDuration(b.For)
		if err != nil {
			return err
		}
		return s.opts.Gateway.SetBan(r.Context(), b.Of, b.Name, dur)
	}()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, s.opts.Gateway.Bans())
}

// Reloaded is the answer to a successful reload or upgrade.
type Reloaded struct {
	Told []string `json:"told"`
}

// changed returns the handler for a reload or an upgrade.
func changed(change func(context.Context) ([]string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		told, err := change(r.Context())
		if mistaken, ok := errors.AsType[Mistaken](err); ok {
			http.Error(w, mistaken.Error(), http.StatusUnprocessableEntity)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		answer(w, Reloaded{told})
	}
}

// Serve serves clients of a listener until Close, or until the listener is closed. It may be called
// for several listeners at a time.
func (s *Server) Serve(l net.Listener) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		l.Close()
		return
	}
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.opts.Log.Error("the admin server failed", "err", err)
	}
}

// Close cancels running requests, because scrapers will try again.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.http.Close()
}
