package auth

import (
	"context"
	"log/slog"
	"time"
)

// Plugin is a running authenticator program. Its Revalidate and Release return
// errors.ErrUnsupported if the program does not support them.
type Plugin interface {
	Revalidator
	Releaser
	// Info returns the description that the program gave at its last start.
	Info() Info
	// Healthy returns nil if the program answers, else the reason.
	Healthy() error
	// Replaced reports whether the program file has been replaced since the last start.
	Replaced() bool
	// Close stops the program and waits for its end.
	Close() error
}

// MemoryUser is a [Plugin] whose memory is known.
type MemoryUser interface {
	// Memory returns the resident memory of the program in bytes. ok is false if it is unknown,
	// such as while the program is down.
	Memory() (bytes int64, ok bool)
}

// Launcher starts authenticator programs. The gateway uses it, and does not know how they are run.
type Launcher interface {
	// Launch starts the program, gets its description, calls spec.Decode for the configuration in
	// the operator's block, and configures the program with it. Mistakes in the configuration,
	// found by Decode or by the program, are returned as diagnostics with a nil error. A returned
	// plugin is kept running, with restarts if necessary, until Close.
	Launch(ctx context.Context, spec LaunchSpec) (Plugin, Diagnostics, error)
}

// LaunchSpec describes how to start a program.
type LaunchSpec struct {
	// The authenticator's own name, e.g. "keystone", which the program must confirm; empty: any.
	Kind   string
	Name   string // the operator's name for it, for log and metrics
	Path   string // the program file
	SHA256 string // checksum of the file in hex; other files are refused; empty: any file
	Log    *slog.Logger
	// HostVersion is the gateway's version, which the program is told.
	HostVersion string
	// Args are the arguments of the program.
	Args []string
	// Env is the program's environment. The gateway's own environment is not passed on.
	Env map[string]string
	// StartTimeout is the time limit for starting and configuring the program, and CallTimeout the
	// one for a call. 0: the launcher's defaults.
	StartTimeout, CallTimeout time.Duration
	// MaxCalls is how many calls of the program run at the same time. Others wait. 0: the
	// launcher's default.
	MaxCalls int
	// AnyOwner permits a program that users other than root and the gateway's user could replace.
	AnyOwner bool
	// SealSecret is the secret from which the key is derived with which the program seals its
	// renewals. Gateways that share logins have the same secret, so that each can renew the grants
	// of the others. Empty: the launcher uses a secret of its own.
	SealSecret []byte
	// Observer is told about the program's events; it may be nil.
	Observer Observer
	// Decode checks the operator's block against the program's schema and returns it as a JSON
	// object. It is called once; restarts use the same result.
	Decode func(Schema) ([]byte, Diagnostics)
}

// Observer is told about events of an authenticator program. Its methods must return at once, and
// must be safe for concurrent use.
type Observer interface {
	// Started is called when the program is running and configured. took is the duration of the
	// start, and again reports whether it was a restart.
	Started(took time.Duration, again bool)
	// Called is called after each call of the program ("authenticate", "renew", "revalidate",
	// "release"), also if it was not answered.
	Called(call string, took time.Duration, err error)
	// Dropped is called for each line of the program's output that is not logged because there are
	// too many.
	Dropped()
}

// Info is the description of an authenticator program.
type Info struct {
	Name    string
	Version string
	Methods []Method
	Schema  Schema
	// Revalidates and Releases report whether its authenticators implement Revalidator and
	// Releaser.
	Revalidates bool
	Releases    bool
}

// Schema describes the configuration of an authenticator: the attributes of its "config" block.
type Schema []Attribute

// Attribute is an attribute of a Schema.
type Attribute struct {
	Name     string
	Type     AttributeType
	Required bool
	Secret   bool   // must not be shown anywhere
	Default  string // for the documentation only; the program applies it
	Doc      string // one line
}

// AttributeType is the type of an attribute's value.
type AttributeType string

// The types of attributes. Durations and sizes are strings with units.
const (
	TypeString     AttributeType = "string"
	TypeBool       AttributeType = "bool"
	TypeNumber     AttributeType = "number"
	TypeStringList AttributeType = "list(string)"
	TypeStringMap  AttributeType = "map(string)"
)

// Diagnostic is a mistake in a configuration, in an attribute or, if that is empty, in the block as
// a whole.
type Diagnostic struct {
	Attribute string
	Summary   string // what is wrong, in a few words
	Detail    string // what to do
}

// Diagnostics are all mistakes of one configuration.
type Diagnostics []Diagnostic
