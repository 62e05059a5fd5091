package gateway

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"filegate/core/auth"
)

// admin is the server for whoever watches the gateway: /metrics for Prometheus, /healthz (the process lives) and
// /readyz (send clients here, or 503 and why not) for supervisors and load balancers.
type admin struct {
	server   *http.Server
	listener net.Listener
	log      *slog.Logger
}

func (g *Gateway) listenAdmin(addr string) (*admin, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { ok(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := g.readiness(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		ok(w)
	})
	return &admin{
		listener: listener,
		log:      g.log,
		server: &http.Server{
			Handler:           mux,
			ReadHeaderTimeout: 10 * time.Second,
			WriteTimeout:      time.Minute,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
		},
	}, nil
}

// ok is the good answer. Who asked may have gone: nobody minds.
func ok(w io.Writer) { _, _ = io.WriteString(w, "ok\n") }

// readiness returns why no client should be sent here: the gateway is on its way down, or cannot log anybody in at one of its frontends.
// Sessions that are running do not depend on it. Before the gateway is up nobody answers at all.
func (g *Gateway) readiness() error {
	if g.desk.IsShut() {
		return ErrShutdown
	}
	frontends := map[string]auth.Chain{}
	for _, d := range g.doors {
		frontends[d.kind+" "+d.name] = *d.chain.members.Load()
	}
	return g.auths.ready(frontends)
}

func (a *admin) serve() {
	if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("the admin server failed", "err", err)
	}
}

// close cuts whoever is being answered: scrapers try again. The listener is the server's only once it serves, so it is closed here too.
func (a *admin) close() {
	a.server.Close()
	a.listener.Close()
}
