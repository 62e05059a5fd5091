package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"filegate/core/audit"
	"filegate/core/auth"
	"filegate/core/hook"
	"filegate/core/login"
	"filegate/core/session"
	"filegate/core/tracing"
	"filegate/core/vfs"
)

// watcher receives the events of clients, and passes them on to the metrics and the audit log.
type watcher struct {
	*metrics
	audit *audit.Log // nil: none
	hooks *hook.Hooks
	spans *tracing.Tracer
}

// write passes a record on to the audit log and to the hooks.
func (w *watcher) write(r audit.Record) {
	w.audit.Write(r)
	w.hooks.Send(r)
}

var _ login.Observer = (*watcher)(nil)

// Login implements [login.Observer].
func (w *watcher) Login(req auth.Request, result string, id *auth.Identity) {
	w.logins.WithLabelValues(req.Service, string(req.Method), result).Inc()
	switch {
	case req.Asks(), result == "method", result == "abandoned": // the client has not tried to log in yet
		return
	}
	r := audit.Record{
		Time: time.Now(), Event: "login", Result: result, Session: req.SessionID, User: req.User, Service: req.Service, Method: string(req.Method),
	}
	if req.Remote.IsValid() {
		r.Remote = req.Remote.String()
	}
	if id != nil {
		r.User, r.Auth, r.Account, r.Home = id.User, id.Grant.Issuer, id.Grant.Endpoint, homeOf(*id)
	}
	w.write(r)
}

// busyText is for clients whose question to a hook has waited too long.
const busyText = "too many actions wait for a check: try again"

// Before implements [login.Observer].
func (w *watcher) Before(ctx context.Context, req auth.Request, id auth.Identity) error {
	r := audit.Record{
		Time: time.Now(), Event: "login", Result: "asked", Session: req.SessionID, User: id.User, Service: req.Service, Method: string(req.Method),
		Auth: id.Grant.Issuer, Account: id.Grant.Endpoint, Home: homeOf(id),
	}
	if req.Remote.IsValid() {
		r.Remote = req.Remote.String()
	}
	switch err := w.hooks.Ask(ctx, r); {
	case errors.Is(err, hook.ErrRefused):
		return fmt.Errorf("%w: %w", err, auth.ErrDenied)
	case errors.Is(err, hook.ErrBusy):
		return &auth.Error{Kind: auth.ErrUnavailable, Text: busyText}
	case err != nil:
		return fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return nil
}

// homeOf returns the home directory in the store, or "" for its root.
func homeOf(id auth.Identity) string {
	if home, err := vfs.Resolve(vfs.Root, id.Home); err == nil && !home.IsRoot() {
		return string(home)
	}
	return ""
}

// Session implements [login.Observer].
func (w *watcher) Session(req auth.Request, id auth.Identity) session.Observer {
	o := &observer{w: w, service: req.Service, who: audit.Record{
		Session: req.SessionID, User: id.User, Service: req.Service, Auth: id.Grant.Issuer, Home: homeOf(id),
	}}
	if req.Remote.IsValid() {
		o.who.Remote, o.address = req.Remote.String(), req.Remote.Addr().String()
	}
	return o
}

// observer watches one session.
type observer struct {
	w       *watcher
	service string
	address string       // of the client, without the port
	who     audit.Record // the fields that all records of the session have in common
}

var _ session.EndObserver = (*observer)(nil)

var _ session.BeforeObserver = (*observer)(nil)

var _ session.RequestObserver = (*observer)(nil)

// WantedRequests implements [session.RequestObserver].
func (o *observer) WantedRequests() int { return o.w.spans.WantedRequests() }

// Asks implements [session.BeforeObserver].
func (o *observer) Asks(op session.Op) bool { return o.w.hooks.Asks(string(op)) }

// Before implements [session.BeforeObserver].
func (o *observer) Before(ctx context.Context, e session.Event) error {
	r := o.record(e)
	r.Result = "asked"
	switch err := o.w.hooks.Ask(ctx, r); {
	case errors.Is(err, hook.ErrRefused):
		return &vfs.Error{Kind: vfs.ErrPermission, Err: err}
	case errors.Is(err, hook.ErrBusy):
		return &vfs.Error{Kind: vfs.ErrUnavailable, Text: busyText, Err: err}
	case err != nil:
		return &vfs.Error{Kind: vfs.ErrUnavailable, Err: err}
	}
	return nil
}

// Observe implements [session.Observer].
func (o *observer) Observe(e session.Event) {
	o.w.operation(o.service, e)
	o.w.spans.Operation(tracing.Client{Session: o.who.Session, User: o.who.User, Address: o.address, Service: o.service}, e, outcome(e.Err))
	if recorded(e) {
		o.w.write(o.record(e))
	}
}

// Ended implements [session.EndObserver].
func (o *observer) Ended(s session.Summary) {
	r := o.who
	r.Time, r.Event, r.Result, r.In, r.Out, r.Seconds = time.Now(), "logout", "ok", &s.In, &s.Out, seconds(s.Duration)
	if s.Reason != "closed" {
		r.Error = s.Reason
	}
	o.w.write(r)
}

// recorded reports whether an operation belongs in the audit log. Operations that only read names
// and attributes do not, unless they were refused.
func recorded(e session.Event) bool {
	switch e.Op {
	case session.OpStat, session.OpList, session.OpSpace, session.OpDigest, session.OpReadlink, session.OpVersions:
		return errors.Is(e.Err, vfs.ErrPermission)
	}
	return true
}

func (o *observer) record(e session.Event) audit.Record {
	r := o.who
	r.Time, r.Event, r.Result = time.Now(), string(e.Op), outcome(e.Err)
	r.Path, r.Target, r.Seconds, r.TransIDs = string(e.Path), string(e.Target), seconds(e.Duration), e.TransIDs
	r.Place, r.TargetPlace, r.Changes = string(e.Place), string(e.TargetPlace), e.Changes
	switch e.Op {
	case session.OpUpload, session.OpDownload:
		r.Bytes = &e.Bytes
	}
	r.MD5, r.SHA256 = hex.EncodeToString(e.Sums[vfs.MD5]), hex.EncodeToString(e.Sums[vfs.SHA256])
	if e.Err != nil {
		r.Error = vfs.EscapeControl(e.Err.Error())
	}
	return r
}

// seconds returns a duration in seconds, rounded to milliseconds.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }
