package auth

import (
	"context"
	"log/slog"
	"time"
)

// Plugin is an authenticator program that is running. Its Revalidate and Release answer errors.ErrUnsupported where the program cannot do that.
type Plugin interface {
	Revalidator
	Releaser
	// Info is what the program said of itself when it was last started.
	Info() Info
	// Healthy returns nil while the program answers, else why not.
	Healthy() error
	// Replaced reports whether there is another file in the place of the one that was last started.
	Replaced() bool
	// Close stops the program and waits for its end.
	Close() error
}

// Launcher starts authenticator programs. It is how the gateway gets at them without knowing how they are run.
type Launcher interface {
	// Launch starts the program, asks what it is, has decode make its configuration of the operator's block, and
	// configures it with that. Mistakes in the configuration come back as diagnostics with a nil error: from decode, or from the program.
	// When a plugin is returned it stays up, restarted as needed, until Close.
	Launch(ctx context.Context, spec LaunchSpec) (Plugin, Diagnostics, error)
}

// LaunchSpec says which program to start and how.
type LaunchSpec struct {
	Kind   string // the authenticator's own name, e.g. "keystone": the program must answer to it; empty: any
	Name   string // the operator's name for it, for log and metrics
	Path   string // the program file
	SHA256 string // in hex: refuse to run any other file; empty: any
	Log    *slog.Logger
	// HostVersion is told to the program.
	HostVersion string
	// Args follow the program's path on its command line.
	Args []string
	// Env is added to the program's environment, which has nothing of the gateway's own.
	Env map[string]string
	// StartTimeout bounds a start, until the program is configured; CallTimeout one call. The launcher's own where 0.
	StartTimeout, CallTimeout time.Duration
	// MaxCalls is how many calls the program gets at once. Others wait. The launcher's own where 0.
	MaxCalls int
	// AnyOwner lets a program be run that somebody other than root and the gateway's user could replace.
	AnyOwner bool
	// SealSecret is what the key is made of with which the program seals its renewals. Gateways that share logins have the
	// same, so that each can renew what another's program has granted. Empty: a secret of the launcher's own.
	SealSecret []byte
	// Observer is told what happens; it may be nil.
	Observer Observer
	// Decode checks the operator's block against the program's schema and returns it as a JSON object.
	// It is called once; the result serves restarts too.
	Decode func(Schema) ([]byte, Diagnostics)
}

// Observer is told what happens to an authenticator program. Its methods return at once, and are safe for concurrent use.
type Observer interface {
	// Started is told that the program is up and configured, how long that took, and whether it had been up before.
	Started(took time.Duration, again bool)
	// Called is told of each answer to a call ("authenticate", "renew", "revalidate", "release"), and of each that did not come.
	Called(call string, took time.Duration, err error)
	// Dropped is told of each line of the program's output that is too much for the log.
	Dropped()
}

// Info is what an authenticator program says of itself.
type Info struct {
	Name    string
	Version string
	Methods []Method
	Schema  Schema
	// Revalidates and Releases say that its authenticators are a Revalidator and a Releaser.
	Revalidates bool
	Releases    bool
}

// Schema describes the configuration of an authenticator: the attributes of its "config" block.
type Schema []Attribute

// Attribute is one of them.
type Attribute struct {
	Name     string
	Type     AttributeType
	Required bool
	Secret   bool   // not to be shown anywhere
	Default  string // for the documentation; the program applies it itself
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

// Diagnostic is a mistake in a configuration, by the attribute that it is in (empty: the block as a whole).
type Diagnostic struct {
	Attribute string
	Summary   string // what is wrong, in a few words
	Detail    string // what to do
}

// Diagnostics are all mistakes of one configuration.
type Diagnostics []Diagnostic
