package swift

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// world is a fake Swift with several gateways, which share a cache.
type world struct {
	srv    *swifttest.Server
	shared cache.Cache
	change func(*Config)
}

// newWorld starts a world with pages of a size, and the container c.
func newWorld(t *testing.T, page int) *world {
	t.Helper()
	w := &world{
		srv:    swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{ListingLimit: page}}),
		shared: cache.NewMemory(cache.DefaultMemory),
	}
	if err := w.gateway(t).Mkdir(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	return w
}

// gateway opens the account through a new backend.
func (w *world) gateway(t *testing.T) *FS {
	t.Helper()
	return openGateway(t, accountIn(w.srv), w.shared, w.change)
}

func openGateway(t *testing.T, a account, shared cache.Cache, change func(*Config)) *FS {
	t.Helper()
	cfg := DefaultConfig()
	cfg.SegmentSize, cfg.MaxSegmentSize, cfg.Memory, cfg.ResumeRetention = mib, 4*mib, buffers.MinMemory, 0
	if change != nil {
		change(cfg)
	}
	cfg.Validate(func(attribute, summary, detail string) { t.Errorf("%s: %s: %s", attribute, summary, detail) })
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b, err := cfg.New(backend.Env{Name: "main", Log: log, Local: cache.NewMemory(cache.DefaultMemory), Cache: shared})
	if err != nil {
		t.Fatal(err)
	}
	b.(*Backend).besideFrom = never
	t.Cleanup(func() { b.Close() })
	fsys, err := b.Open(t.Context(), backend.Login{
		SessionID: "test", User: a.user, Remote: netip.MustParseAddrPort("192.0.2.7:1024"), Log: log, Grants: newLogin(t, a),
	})
	if err != nil {
		t.Fatal(err)
	}
	fillsPages(t, fsys.(*FS))
	return fsys.(*FS)
}

// fillsPages makes a gateway know that its store fills pages, as it would after some listings, so
// that tests that count requests do not depend on earlier listings.
func fillsPages(t *testing.T, f *FS) {
	t.Helper()
	for _, kind := range []struct {
		dir       api.Name
		delimiter bool
	}{{api.Name{}, false}, {api.Name{Container: "c"}, false}, {api.Name{Container: "c"}, true}} {
		k, err := f.lists.Kind(t.Context(), kind.dir, listing.Query{Delimiter: kind.delimiter})
		if err != nil {
			t.Fatal(err)
		}
		f.backend.pages.IsLast(k, 10000)
	}
}

// forgetChanges makes a gateway use no write log from now on, so that the log causes no requests.
func (f *FS) forgetChanges() {
	f.listBy(listing.NewLog(0, f.backend.local, f.backend.local), f.backend.pages)
}

// listBy gives a gateway another log, and other sizes of pages.
func (f *FS) listBy(log *listing.Log, sizes *listing.PageSizes) {
	f.lists = listing.New(f.client, log, sizes, f.opened)
	f.guess.lists = f.lists
}

// fake is a gateway with the helpers of tests that have only one.
func (w *world) fake(f *FS) *fake { return &fake{FS: f, srv: w.srv, dir: "/c"} }

// asked checks how many listings and HEADs were made since the request log was emptied.
func (w *world) asked(t *testing.T, what string, lists, heads int) {
	t.Helper()
	l, h := w.srv.Count(swifttest.ListContainer), 0
	for _, r := range w.srv.Requests() {
		if r.Op == swifttest.HeadObject && r.Object != ".." { // the probe for proxies that rewrite paths, once in the life of a gateway
			h++
		}
	}
	if l != lists || h != heads {
		t.Errorf("%s takes %d listings and %d HEADs, want %d and %d", what, l, h, lists, heads)
	}
}

func vfsPath(format string, args ...any) vfs.Path { return vfs.Path(fmt.Sprintf(format, args...)) }

// listNames lists a directory, as "file" and "dir/", in order.
func listNames(t *testing.T, fsys vfs.FS, p vfs.Path) []string {
	t.Helper()
	infos, err := listAll(t.Context(), fsys, p)
	if err != nil {
		t.Errorf("listing %s: %v", p, err)
	}
	var names []string
	for _, info := range infos {
		n := info.Name
		if info.IsDir() {
			n += "/"
		}
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func listAll(ctx context.Context, fsys vfs.FS, p vfs.Path) ([]vfs.Info, error) {
	l, err := fsys.List(ctx, p)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var all []vfs.Info
	for {
		page, err := l.Next(ctx)
		all = append(all, page...)
		switch {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return all, err
		}
	}
}

// sees checks what a gateway lists.
func sees(t *testing.T, fsys vfs.FS, p vfs.Path, rule string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, listNames(t, fsys, p), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s lists (-want +got): %s\n%s", p, rule, diff)
	}
}
