// Package admin lets operators view and control a running gateway over HTTP, on a listener of its
// own.
//
// A [Server] answers requests with the help of a [Gateway], which core/gateway implements. A
// [Client] makes the requests of filegate's commands. The answers are the types of this file, as
// JSON. The package knows no protocol of frontends, no product and no metrics library.
//
// # Decisions
//
// Viewing needs less than changing. On a loopback address anybody may view, as was the case for the
// metrics before. Changes need the token, or the unix socket, whose mode decides who may use it. On
// other addresses everything except /healthz and /readyz needs the token and TLS.
package admin

import (
	"context"
	"net/netip"
	"time"
)

// Status is the state of the gateway.
type Status struct {
	Version    string    `json:"version"`
	PID        int       `json:"pid"`
	Began      time.Time `json:"began"`
	Ready      bool      `json:"ready"`
	NotReady   string    `json:"not_ready,omitempty"` // why no client should be sent here
	Sessions   int       `json:"sessions"`
	Transfers  int       `json:"transfers"`
	Bans       int       `json:"bans"`
	In         int64     `json:"in"`  // bytes of files that came from clients since the start
	Out        int64     `json:"out"` // and went to them
	Memory     uint64    `json:"memory"`
	Goroutines int       `json:"goroutines"`

	Frontends      []Frontend      `json:"frontends"`
	Authenticators []Authenticator `json:"authenticators"`
	Backends       []Backend       `json:"backends"`
}

// Frontend is a frontend with its addresses.
type Frontend struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	Listen []string `json:"listen"`
}

// Authenticator is a program that checks logins.
type Authenticator struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Trouble string `json:"trouble,omitempty"` // why it does not answer
}

// Backend is a store.
type Backend struct {
	Kind     string  `json:"kind"`
	Name     string  `json:"name"`
	Requests int64   `json:"requests"` // since the start
	Failed   int64   `json:"failed"`   // of them, those without an answer, or with a status of 5xx
	Seconds  float64 `json:"seconds"`  // that all requests have taken together
	Memory   int64   `json:"memory"`   // the budget for buffers, in bytes; 0: it has none
	Free     int64   `json:"free"`     // of that
	Waiting  int     `json:"waiting"`  // transfers that wait for memory
}

// Session is a logged-in client.
type Session struct {
	ID        string         `json:"id"`
	User      string         `json:"user"`
	Service   string         `json:"service"`
	Program   string         `json:"program,omitempty"`
	Remote    netip.AddrPort `json:"remote"`
	Auth      string         `json:"auth,omitempty"`
	Account   string         `json:"account,omitempty"`
	Began     time.Time      `json:"began"`
	In        int64          `json:"in"`
	Out       int64          `json:"out"`
	Transfers int            `json:"transfers"`
}

// Transfer is an open file of a client.
type Transfer struct {
	Session string    `json:"session"`
	User    string    `json:"user"`
	Op      string    `json:"op"` // upload, download
	Path    string    `json:"path"`
	Bytes   int64     `json:"bytes"`          // that have passed
	Size    int64     `json:"size,omitempty"` // of the whole, where it is known
	Began   time.Time `json:"began"`
}

// Rate returns the average rate since the start of the transfer, in bytes per second.
func (t Transfer) Rate(now time.Time) float64 {
	if d := now.Sub(t.Began).Seconds(); d > 0 {
		return float64(t.Bytes) / d
	}
	return 0
}

// Left returns the remaining time at this rate. ok is false if it is unknown.
func (t Transfer) Left(now time.Time) (left time.Duration, ok bool) {
	rate := t.Rate(now)
	if t.Size <= t.Bytes || rate <= 0 {
		return 0, false
	}
	seconds := float64(t.Size-t.Bytes) / rate
	if seconds > 365*24*3600 {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second), true
}

// Ban is a ban in force.
type Ban struct {
	Of    string    `json:"of"` // address, user, or connections: an address that is held off
	Name  string    `json:"name"`
	Until time.Time `json:"until"`
}

// Kick is a request to end one session, or all sessions of a user.
type Kick struct {
	Session string `json:"session,omitempty"`
	User    string `json:"user,omitempty"`
}

// Kicked is the answer to a Kick.
type Kicked struct {
	Sessions int `json:"sessions"`
}

// SetBan is a request to add or lift a ban.
type SetBan struct {
	Of   string `json:"of"` // address, user
	Name string `json:"name"`
	For  string `json:"for,omitempty"` // "10m"; empty: it is lifted
}

// Mistaken is the error of a reload whose configuration has mistakes.
type Mistaken interface {
	error
	Mistakes() int // how many
}

// Gateway is the gateway that a [Server] reports on and controls.
type Gateway interface {
	Status() Status
	Sessions() []Session
	Transfers() []Transfer
	Bans() []Ban
	// Ready returns why no client should be sent here; nil: they should.
	Ready() error
	// KickSession and KickUser end sessions, and return how many.
	KickSession(id string) int
	KickUser(name string) int
	SetBan(ctx context.Context, of, name string, dur time.Duration) error
	LiftBan(ctx context.Context, of, name string) error
	// Reload reads the configuration again. It returns what is to be told of it; the error is for
	// people, and may have several lines. It is a [Mistaken] where the configuration has mistakes.
	Reload(ctx context.Context) (told []string, err error)
	// Upgrade starts the program anew in place of the process that runs, which serves on where that
	// fails. The answer is as for Reload.
	Upgrade(ctx context.Context) (told []string, err error)
}
