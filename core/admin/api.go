// Package admin lets operators view and control a running gateway over HTTP, on a listener of its
// own.
//
// A [Server] answers requests with the help of a [Gateway], which core/gateway implements. A
// [Client] makes the requests of filegate's commands. The answers are the types of this file, as
// JSON. The package knows no protocol of frontends, no product and no metrics library.
//
// # Decisions
//
// Viewing requires less than changing. On a loopback address everybody may view, as before with the
// metrics. Changes require the token, or the unix socket, whose mode decides who may use it. On all
// other addresses everything except /healthz and /readyz requires the token and TLS.
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
	NotReady   string    `json:"not_ready,omitempty"` // why no client should be sent here; empty if Ready
	Sessions   int       `json:"sessions"`
	Transfers  int       `json:"transfers"`
	Bans       int       `json:"bans"`
	In         int64     `json:"in"`  // bytes of files received from clients since the start
	Out        int64     `json:"out"` // bytes of files sent to clients since the start
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
	Trouble string `json:"trouble,omitempty"` // why it does not answer; empty: it answers
}

// Backend is a store.
type Backend struct {
	Kind     string  `json:"kind"`
	Name     string  `json:"name"`
	Requests int64   `json:"requests"` // since the start
	Failed   int64   `json:"failed"`   // of these, those without an answer or with status 5xx
	Seconds  float64 `json:"seconds"`  // duration of all requests together
	Memory   int64   `json:"memory"`   // budget for buffers, in bytes; 0: none
	Free     int64   `json:"free"`     // unused part of the budget, in bytes
	Waiting  int     `json:"waiting"`  // number of transfers that wait for memory
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
	Bytes   int64     `json:"bytes"`          // transferred so far
	Size    int64     `json:"size,omitempty"` // size of the whole file, if known
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
	Of    string    `json:"of"` // "address", "user", or "connections" for an address that is held off
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
	Of   string `json:"of"` // "address" or "user"
	Name string `json:"name"`
	For  string `json:"for,omitempty"` // duration such as "10m"; empty: lift the ban
}

// Mistaken is the error of a reload whose configuration has mistakes.
type Mistaken interface {
	error
	Mistakes() int // number of mistakes
}

// Gateway is the gateway that a [Server] reports on and controls.
type Gateway interface {
	Status() Status
	Sessions() []Session
	Transfers() []Transfer
	Bans() []Ban
	// Ready returns why no client should be sent here, or nil.
	Ready() error
	// KickSession and KickUser end sessions and return their number.
	KickSession(id string) int
	KickUser(name string) int
	SetBan(ctx context.Context, of, name string, dur time.Duration) error
	LiftBan(ctx context.Context, of, name string) error
	// Reload reloads the configuration. It returns messages for the operator. The error is for
	// people and may have several lines; it is a [Mistaken] if the configuration has mistakes.
	Reload(ctx context.Context) (told []string, err error)
	// Upgrade starts the program in a new process, which replaces this one. If that fails, this
	// process continues. The results are as for Reload.
	Upgrade(ctx context.Context) (told []string, err error)
}
