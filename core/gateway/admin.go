package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"filegate/core/admin"
	"filegate/core/auth"
	"filegate/core/backend"
)

func (m *metrics) handler(log errorLog) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorLog: promLog{log}})
}

// errorLog is the part of a logger that the metrics handler needs.
type errorLog interface{ Warn(msg string, args ...any) }

type promLog struct{ errorLog }

// Println implements promhttp.Logger.
func (l promLog) Println(v ...any) { l.Warn("metrics not told", "err", fmt.Sprint(v...)) }

// readiness returns an error if no clients should be sent here: the gateway is shutting down, or
// one of its frontends cannot log in clients. Running sessions do not depend on it. Before the
// gateway is ready, no server answers at all.
func (g *Gateway) readiness() error {
	if g.desk.IsShut() || g.lingering.Load() {
		return ErrShutdown
	}
	frontends := map[string]auth.Chain{}
	for _, d := range g.openDoors() {
		frontends[d.kind+" "+d.name] = *d.chain.members.Load()
	}
	return g.auths.ready(frontends)
}

// overview reports on a gateway to operators. It implements [admin.Gateway].
type overview struct{ g *Gateway }

var _ admin.Gateway = (*overview)(nil)

// Ready implements [admin.Gateway].
func (o *overview) Ready() error { return o.g.readiness() }

// Status implements [admin.Gateway].
func (o *overview) Status() admin.Status {
	g := o.g
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	s := admin.Status{
		Version: g.opts.Version, PID: os.Getpid(), Began: g.began, Ready: true, Bans: len(g.desk.Bans()),
		Memory: mem.Sys, Goroutines: runtime.NumGoroutine(), In: g.metrics.moved.in.Load(), Out: g.metrics.moved.out.Load(),
		Frontends: []admin.Frontend{}, Authenticators: []admin.Authenticator{}, Backends: []admin.Backend{},
	}
	if err := g.readiness(); err != nil {
		s.Ready, s.NotReady = false, err.Error()
	}
	for _, sess := range g.desk.Sessions() {
		st := sess.Status()
		s.Sessions++
		s.Transfers += len(st.Transfers)
	}
	for _, d := range g.openDoors() {
		f := admin.Frontend{Kind: d.kind, Name: d.name}
		for _, a := range d.server.Addrs() {
			f.Listen = append(f.Listen, a.String())
		}
		s.Frontends = append(s.Frontends, f)
	}
	for name, r := range g.auths.current() {
		info := r.Info()
		a := admin.Authenticator{Name: name, Kind: r.config.Kind, Version: info.Version}
		if err := r.Healthy(); err != nil {
			a.Trouble = err.Error()
		}
		s.Authenticators = append(s.Authenticators, a)
	}
	for name, b := range g.stores() {
		made := admin.Backend{Kind: b.config.Kind, Name: name, Requests: b.observer.requests.Load(), Failed: b.observer.failed.Load(), Seconds: time.Duration(b.observer.took.Load()).Seconds()}
		if u, ok := backend.UsageOf(b.Backend); ok {
			made.Memory, made.Free, made.Waiting = u.Memory, u.Free, u.Waiting
		}
		s.Backends = append(s.Backends, made)
	}
	slices.SortFunc(s.Backends, func(a, b admin.Backend) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Authenticators, func(a, b admin.Authenticator) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// Sessions implements [admin.Gateway]. The oldest session is first.
func (o *overview) Sessions() []admin.Session {
	all := []admin.Session{}
	for _, sess := range o.g.desk.Sessions() {
		s := sess.Status()
		all = append(all, admin.Session{
			ID: s.ID, User: s.User, Service: s.Service, Program: s.Program, Remote: s.Remote, Auth: s.Auth, Account: s.Account,
			Began: s.Began, In: s.In, Out: s.Out, Transfers: len(s.Transfers),
		})
	}
	slices.SortFunc(all, func(a, b admin.Session) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Transfers implements [admin.Gateway]. The oldest transfer is first.
func (o *overview) Transfers() []admin.Transfer {
	all := []admin.Transfer{}
	for _, sess := range o.g.desk.Sessions() {
		s := sess.Status()
		for _, t := range s.Transfers {
			all = append(all, admin.Transfer{
				Session: s.ID, User: s.User, Op: string(t.Op), Path: string(t.Path), Bytes: t.Bytes, Size: t.Size, Began: t.Began,
			})
		}
	}
	slices.SortFunc(all, func(a, b admin.Transfer) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Path, b.Path)) })
	return all
}

// Bans implements [admin.Gateway].
func (o *overview) Bans() []admin.Ban {
	all := []admin.Ban{}
	for _, b := range o.g.desk.Bans() {
		all = append(all, admin.Ban{Of: b.Of, Name: b.Name, Until: b.Until.Truncate(time.Second)})
	}
	return all
}

// KickSession implements [admin.Gateway].
func (o *overview) KickSession(id string) int {
	if o.g.desk.KickSession(id) {
		return 1
	}
	return 0
}

// KickUser implements [admin.Gateway].
func (o *overview) KickUser(name string) int { return o.g.desk.KickUser(name) }

// SetBan implements [admin.Gateway].
func (o *overview) SetBan(ctx context.Context, of, name string, dur time.Duration) error {
	return o.g.desk.SetBan(ctx, of, name, dur)
}

// LiftBan implements [admin.Gateway].
func (o *overview) LiftBan(ctx context.Context, of, name string) error {
	return o.g.desk.LiftBan(ctx, of, name)
}

// Reload implements [admin.Gateway].
func (o *overview) Reload(ctx context.Context) ([]string, error) {
	if o.g.opts.Reload == nil {
		return nil, errors.New("this gateway has no configuration file to read again")
	}
	return o.g.opts.Reload(ctx)
}

// Upgrade implements [admin.Gateway].
func (o *overview) Upgrade(ctx context.Context) ([]string, error) {
	if o.g.opts.Upgrade == nil {
		return nil, errors.New("this gateway cannot be replaced by another process: restart it")
	}
	return o.g.opts.Upgrade(ctx)
}
