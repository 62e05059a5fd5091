package swift

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/recent"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// Backend contains the state that all logins of one Swift backend share.
type Backend struct {
	cfg    Config
	log    *slog.Logger
	store  *api.Store
	pages  *listing.PageSizes
	budget *buffers.Budget
	attrs  *attrCache
	stored cache.Cache // for storedAttrs: the shared cache only, because other gateways replace them
	writes *listing.Log
	local  cache.Cache
	// changes are the changes that this process has made.
	changes changeTimes
	// gone are the directories that this process has removed or renamed.
	gone changeTimes
	// aliases are the configured names at the top level.
	aliases map[string]alias
	// endpoints are the URLs below which storage may be.
	endpoints endpoints

	writing *object.Writing
	uploads *object.KnownUploads

	besides sync.WaitGroup // requests in parallel to a HEAD

	recallFor, nearFor, heldMost, besideFrom time.Duration // the constants of these names; tests change them
}

var _ backend.UsageBackend = (*Backend)(nil)

func newBackend(cfg Config, env backend.Env) (*Backend, error) {
	s, err := api.NewStore(api.Config{
		Patience: cfg.Patience, Stall: cfg.Stall, KeepModes: cfg.KeepModes, TimeInType: cfg.ListTimes == timesInType, CAFile: cfg.CAFile, Insecure: cfg.Insecure, MaxConnections: cfg.MaxConnections,
		Flavour: cfg.flavour(), Observer: env.Observer,
	})
	if err != nil {
		return nil, err
	}
	if env.Local == nil { // used without a gateway
		env.Local = cache.NewMemory(cache.DefaultMemory)
	}
	if env.Cache == nil {
		env.Cache = env.Local
	}
	cfg.MaxSegmentSize = max(cfg.MaxSegmentSize, defaultMaxSegment, cfg.SegmentSize)
	if cfg.Memory == 0 {
		cfg.Memory = buffers.DefaultMemory()
	}
	aliases := map[string]alias{}
	for name, target := range cfg.Aliases {
		aliases[name], _ = parseAlias(target) // Validate has checked it
	}
	allowed, err := parseEndpoints(cfg.AllowedEndpoints)
	if err != nil {
		return nil, err
	}
	env.Log.Debug("swift backend", "memory", cfg.Memory)
	return &Backend{
		cfg:    cfg,
		log:    env.Log,
		store:  s,
		pages:  listing.NewPageSizes(),
		budget: buffers.New(cfg.Memory),
		attrs:  newAttrCache(env.Local, env.Cache),
		stored: env.Cache,
		writes: listing.NewLog(cfg.ListingLag, env.Local, env.Cache),
		local:  env.Local,

		aliases:   aliases,
		endpoints: allowed,

		writing: cfg.writing(),
		uploads: object.NewKnownUploads(),

		recallFor: recallFor, nearFor: nearFor, heldMost: listing.HeldMost, besideFrom: besideFrom,
	}, nil
}

// Open implements [backend.Backend]. It makes no request: a login with few rights (to list nothing,
// or to read one container) must succeed too.
func (b *Backend) Open(ctx context.Context, login backend.Login) (vfs.FS, error) {
	login.Grants = b.endpoints.bound(login.Grants)
	grant, err := login.Grants.Current(ctx)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(grant.Endpoint); err != nil || u.Host == "" {
		return nil, &vfs.Error{Kind: vfs.ErrUnavailable, Text: "the authenticator returned no storage URL", Err: errors.New("the grant's endpoint is no URL")}
	}
	f := &FS{
		backend:      b,
		client:       b.store.Client(login, grant.Endpoint),
		log:          login.Log,
		aliases:      b.aliases,
		opened:       time.Now(),
		hideSegments: b.cfg.HideSegments,
		dropBoxes:    recent.New(dropBoxFor),
		closed:       recent.New(dropBoxFor),
	}
	f.objects = &object.Store{
		Client: f.client, Log: f.log, Memory: b.budget.Account(login.User + "\x00" + grant.Endpoint),
		ReadAhead: b.cfg.ReadAhead, Downloads: b.cfg.DownloadConcurrency,
	}
	f.lists = listing.New(f.client, b.writes, b.pages, f.opened)
	f.containers = object.NewContainers(f.client, f.log, b.writing)
	f.large = object.NewLarge(f.containers, f.lists)
	f.uploads = object.NewUploads(f.large, b.uploads)
	f.renames = object.NewRenames(f.large)
	f.writers = object.NewWriters(f.objects, f.uploads, f.renames, &b.store.RTT, writerNames{f})
	f.guess = newGuesses(b, f.client, f.lists, f.objects)
	f.client.Prepare, f.client.Observe = f.prepare, f.observe
	return f, nil
}

// Usage implements [backend.UsageBackend].
func (b *Backend) Usage() backend.Usage {
	u := b.budget.Usage()
	return backend.Usage{Memory: b.cfg.Memory, Free: u.Free, Waiting: u.Waiting}
}

// Close implements [backend.Backend].
func (b *Backend) Close() error {
	b.besides.Wait()
	b.store.Close()
	b.budget.Close()
	return nil
}

// FS is one login's view of an account.
type FS struct {
	backend      *Backend
	client       *api.Client
	log          *slog.Logger
	objects      *object.Store
	aliases      map[string]alias
	lists        *listing.View
	opened       time.Time // shown as the time of entries without one
	hideSegments bool
	guess        *guesses
	dirs         knownDirs
	containers   *object.Containers
	large        *object.Large
	uploads      *object.Uploads
	renames      *object.Renames
	writers      *object.Writers
	// dropBoxes and closed are containers that the login may not read: those that it may write to,
	// and those that it may not.
	dropBoxes, closed *recent.Keys
	// allPolicies makes no container hidden because of its storage policy. See Fsck.
	allPolicies atomic.Bool
}

var (
	_ vfs.AttrFS   = (*FS)(nil)
	_ vfs.ModeFS   = (*FS)(nil)
	_ vfs.SpaceFS  = (*FS)(nil)
	_ vfs.DigestFS = (*FS)(nil)
)
