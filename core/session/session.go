// Package session is one logged-in client: its identity, its confined, limited and observed view of a store, and its open files.
//
// A [Session] is itself a [vfs.FS], and all that a frontend ever sees of the storage. On top of the store it
//
//   - puts the login's home directory in front of every path, so that nothing outside of it has a name;
//   - checks the login's permissions;
//   - keeps the table of open files, so that a path that is being written has the size and the attributes that its writer has
//     (SFTP asks by path, and sets times before it closes), and so that the end of the connection ends every handle;
//   - never commits a content of which a write has failed;
//   - writes one log line for each operation, when it has ended, and tells the same to an [Observer].
//
// It knows no protocol and no product, starts no goroutine but the renewal of a grant ([Grants]), and decides nothing about logins: that is core/gateway.
package session

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// DefaultMaxOpen is how many files and listings one session may have open at a time.
const DefaultMaxOpen = 256

// Config says what a session is made of.
type Config struct {
	ID       string
	Service  string         // the frontend's kind, e.g. "ssh"
	Remote   netip.AddrPort // the client
	Identity auth.Identity
	FS       vfs.FS
	Log      *slog.Logger // gets "session", "user" and "remote" added
	Observer Observer     // may be nil
	MaxOpen  int          // files and listings open at a time; 0: DefaultMaxOpen
}

// Session is one logged-in client. It is safe for concurrent use.
type Session struct {
	id       string
	identity auth.Identity
	home     vfs.Path
	allowed  map[auth.Permission]bool // nil: everything
	fs       vfs.FS
	log      *slog.Logger
	observer Observer
	remote   netip.AddrPort
	maxOpen  int

	ctx context.Context // the session's life, which is what this type is
	end context.CancelCauseFunc

	mu      sync.Mutex
	handles map[handle]struct{}
	writers map[vfs.Path][]*writer // by the store's path; the last opened is the last
	busy    int                    // operations under way, open handles included
	idle    chan struct{}          // closed and renewed whenever busy falls to 0
	closed  bool
}

var (
	_ vfs.AttrFS  = (*Session)(nil)
	_ vfs.SpaceFS = (*Session)(nil)
)

// handle is a file, writer or listing that is open.
type handle interface{ Close() error }

// New begins the session of a client that has logged in. It lives until Close, End, or the end of ctx.
// The error is vfs.ErrInvalidName for a home directory that can be none.
func New(ctx context.Context, cfg Config) (*Session, error) {
	home, err := vfs.Resolve(vfs.Root, cfg.Identity.Home)
	if err != nil {
		return nil, err
	}
	s := &Session{
		id:       cfg.ID,
		identity: cfg.Identity,
		home:     home,
		fs:       cfg.FS,
		log:      cfg.Log.With("session", cfg.ID, "user", cfg.Identity.User, "remote", cfg.Remote),
		observer: cfg.Observer,
		remote:   cfg.Remote,
		maxOpen:  cfg.MaxOpen,
		handles:  map[handle]struct{}{},
		writers:  map[vfs.Path][]*writer{},
		idle:     make(chan struct{}),
	}
	if s.observer == nil {
		s.observer = nobody{}
	}
	if s.maxOpen == 0 {
		s.maxOpen = DefaultMaxOpen
	}
	if len(cfg.Identity.Permissions) > 0 {
		s.allowed = map[auth.Permission]bool{}
		for _, p := range cfg.Identity.Permissions {
			s.allowed[p] = true
		}
	}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.log.Info("session begins", "service", cfg.Service)
	return s, nil
}

// ID is the session's name in the log.
func (s *Session) ID() string { return s.id }

// User is who logged in, by the canonical name.
func (s *Session) User() string { return s.identity.User }

// Group is the name to show as the owner group of files.
func (s *Session) Group() string {
	if len(s.identity.Groups) > 0 {
		return s.identity.Groups[0]
	}
	return s.identity.User
}

// Remote is the client's address.
func (s *Session) Remote() netip.AddrPort { return s.remote }

// Log is the session's logger, for what a frontend has to say about its protocol. Operations are logged here already.
func (s *Session) Log() *slog.Logger { return s.log }

// Context ends when the session does, whoever ended it. The contexts of all calls derive from it, and a frontend hangs up
// when it is done.
func (s *Session) Context() context.Context { return s.ctx }

// End asks for the end of the session, for the reason given: its context ends, and the frontend hangs up and calls Close.
func (s *Session) End(reason error) { s.end(reason) }

// Close ends the session: what is open is closed, and what is not committed is not published. The frontend calls it when the connection is
// gone. It may be called twice, and returns when all handles are closed.
func (s *Session) Close() {
	s.end(context.Canceled)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	open := make([]handle, 0, len(s.handles))
	for h := range s.handles {
		open = append(open, h)
	}
	s.mu.Unlock()
	for _, h := range open {
		h.Close() // the handle logs its own end
	}
	s.log.Info("session ends", "reason", reasonText(context.Cause(s.ctx)))
}

// WaitIdle returns nil as soon as no operation is under way and nothing is open, else the error of ctx.
func (s *Session) WaitIdle(ctx context.Context) error {
	for {
		s.mu.Lock()
		busy, idle := s.busy, s.idle
		s.mu.Unlock()
		if busy == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-s.ctx.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin counts an operation as under way until the returned function is called.
func (s *Session) begin() (done func()) {
	s.mu.Lock()
	s.busy++
	s.mu.Unlock()
	return s.finish
}

func (s *Session) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	if s.busy == 0 {
		close(s.idle)
		s.idle = make(chan struct{})
	}
}

// permit returns ErrPermission unless the login may do all of what is asked, and the context's error once the session has ended.
func (s *Session) permit(what ...auth.Permission) error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	for _, p := range what {
		if s.allowed != nil && !s.allowed[p] {
			return vfs.Errorf(vfs.ErrPermission, "this login has no %s permission", p)
		}
	}
	return nil
}

// inStore is the store's name for what the client calls p.
func (s *Session) inStore(p vfs.Path) vfs.Path { return s.home.Under(p) }
