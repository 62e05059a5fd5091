package session

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// DefaultMaxOpen is the default for the maximum number of open files and listings of one session.
const DefaultMaxOpen = 256

// Config is the configuration of a session.
type Config struct {
	ID       string
	Service  string         // the frontend's kind, e.g. "ssh"
	Remote   netip.AddrPort // the client
	Identity auth.Identity
	FS       vfs.FS
	Log      *slog.Logger // gets "session", "user" and "remote" added
	Observer Observer     // may be nil
	Shares   []*Share     // the limits that the session shares with others
	MaxOpen  int          // number of files and listings open at a time; 0: DefaultMaxOpen

	// OpenFiles is the table of the process, through which sessions of one login share the files
	// that they write. Nil: the session shares with no other session.
	OpenFiles *OpenFiles
	// Store is the name of the backend. It distinguishes files of one login in different backends.
	Store string
}

// Session is the session of one logged-in client. It is safe for concurrent use.
type Session struct {
	id       string
	identity auth.Identity
	home     vfs.Path
	outer    vfs.Path // where the root of fs is in the whole store
	limits   limits
	fs       vfs.FS
	files    *files
	placed   placed
	log      *slog.Logger
	observer Observer
	remote   netip.AddrPort
	maxOpen  int
	service  string
	began    time.Time
	in, out  atomic.Int64 // bytes of files received from the client and sent to it

	ctx context.Context // ends with the session
	end context.CancelCauseFunc

	closing sync.Once
	over    chan struct{} // closed when Close has completed and nothing needs the store any more

	mu      sync.Mutex
	handles map[handle]bool // value: it is open; else its opener must close it
	busy    int             // number of running operations and open handles
	idle    chan struct{}   // closed while busy is 0; replaced by a new channel when an operation begins
	closed  bool
	lent    int    // number of files that are written through this session's view of the store
	through bool   // Close has completed, except for those
	program string // name that the client program gives itself
}

var (
	_ vfs.AttrFS   = (*Session)(nil)
	_ vfs.CopyFS   = (*Session)(nil)
	_ vfs.SpaceFS  = (*Session)(nil)
	_ vfs.DigestFS = (*Session)(nil)
	_ vfs.ModeFS   = (*Session)(nil)

	_ vfs.PartialFS = (*Session)(nil)
	_ vfs.VersionFS = (*Session)(nil)
	_ vfs.TempURLFS = (*Session)(nil)
	_ vfs.DetailFS  = (*Session)(nil)
	_ vfs.TraitFS   = (*Session)(nil)
	_ vfs.ACLFS     = (*Session)(nil)
)

// New starts the session of a client that has logged in. The session lives until Close, End, or the
// end of ctx. New returns vfs.ErrInvalidName for an invalid home directory.
func New(ctx context.Context, cfg Config) (*Session, error) {
	home, err := vfs.Clean(cfg.Identity.Home)
	if err != nil {
		return nil, err
	}
	fsys, inner := vfs.InHome(cfg.FS, home)
	outer := vfs.Root
	if inner != home {
		outer = home
	}
	s := &Session{
		id:       cfg.ID,
		identity: cfg.Identity,
		home:     inner,
		outer:    outer,
		limits:   newLimits(cfg.Identity.Limits, cfg.Shares),
		fs:       fsys,
		log:      cfg.Log.With("session", cfg.ID, "user", cfg.Identity.User, "remote", cfg.Remote),
		observer: cfg.Observer,
		remote:   cfg.Remote,
		maxOpen:  cfg.MaxOpen,
		service:  cfg.Service,
		began:    time.Now(),
		handles:  map[handle]bool{},
		idle:     make(chan struct{}),
		over:     make(chan struct{}),
	}
	close(s.idle)
	if s.observer == nil {
		s.observer = nobody{}
	}
	open := cfg.OpenFiles
	if open == nil {
		open = new(OpenFiles)
	}
	key := loginKey{store: cfg.Store, issuer: cfg.Identity.Grant.Issuer, endpoint: cfg.Identity.Grant.Endpoint, user: cfg.Identity.User}
	if inner != home {
		key.home = home
	}
	s.files = open.of(key)
	if s.maxOpen == 0 {
		s.maxOpen = DefaultMaxOpen
	}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.log.Info("session begins", "service", cfg.Service)
	return s, nil
}

// ID returns the name of the session in the log.
func (s *Session) ID() string { return s.id }

// User returns the canonical name of the user.
func (s *Session) User() string { return s.identity.User }

// Identity returns the identity of the user, without the grant.
func (s *Session) Identity() auth.Identity {
	id := s.identity
	id.Grant = auth.Grant{Issuer: id.Grant.Issuer, Endpoint: id.Grant.Endpoint}
	return id
}

// Group returns the name to show as the group of files.
func (s *Session) Group() string {
	if len(s.identity.Groups) > 0 {
		return s.identity.Groups[0]
	}
	return s.identity.User
}

// Message returns the text to show to the client after the login, in one or several lines. It may
// be empty.
func (s *Session) Message() string { return s.identity.Message }

// Remote returns the client's address.
func (s *Session) Remote() netip.AddrPort { return s.remote }

// Log returns the session's logger, for messages of the frontend about its protocol. The session
// itself logs operations.
func (s *Session) Log() *slog.Logger { return s.log }

// Context returns the context of the session, which ends with the session. All calls end with it,
// whatever their own context, and the frontend then closes the connection. The cause of the context
// is the reason.
func (s *Session) Context() context.Context { return s.ctx }
