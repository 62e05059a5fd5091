package swift

import (
	"context"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

// fetcher is a client that looks files up before it opens them.
type fetcher struct {
	*fake
	contents map[vfs.Path][]byte
}

// newFetcher returns a fetcher that has already done so once.
func newFetcher(t *testing.T, f *fake) *fetcher {
	t.Helper()
	c := &fetcher{fake: f, contents: map[vfs.Path][]byte{}}
	for _, p := range []vfs.Path{"/c/a", "/c/b", "/c/d", "/c/e"} {
		c.put(t, f, p, 10_000)
	}
	c.put(t, f, "/c/large", 3*mib+1000)
	c.fetch(t, "/c/a")
	f.srv.ForgetRequests()
	return c
}

func (c *fetcher) put(t *testing.T, by *fake, p vfs.Path, size int) {
	t.Helper()
	data := apitest.Noise(size)
	c.contents[p] = data
	by.mustWrite(t, p, data)
}

func (c *fetcher) ask(t *testing.T, p vfs.Path) {
	t.Helper()
	if info, err := c.Stat(t.Context(), p); err != nil || info.IsDir() || info.Size != int64(len(c.contents[p])) {
		t.Errorf("Stat of %q is %+v, %v", p, info, err)
	}
}

func (c *fetcher) fetch(t *testing.T, p vfs.Path) {
	t.Helper()
	c.ask(t, p)
	c.ask(t, p)
	c.has(t, p, c.contents[p], "what was asked for before is what is fetched")
}

// takes checks the requests since the last call.
func (c *fetcher) takes(t *testing.T, what string, want ...swifttest.Op) {
	t.Helper()
	var all []string
	for _, op := range want {
		all = append(all, string(op))
	}
	if got, want := c.requested(), strings.Join(all, " "); got != want {
		t.Errorf("%s takes %s, want %s", what, got, want)
	}
	c.srv.ForgetRequests()
}

// TestOpenedAhead downloads files one after another. Each takes one request, once the client is
// known to do so.
func TestOpenedAhead(t *testing.T) {
	const head, get, list = swifttest.HeadObject, swifttest.GetObject, swifttest.ListContainer
	ctx := t.Context()
	f := newFake(t, swifttest.Limits{}, nil)
	f.recallLong()
	c := newFetcher(t, f)
	for _, p := range []vfs.Path{"/c/b", "/c/large", "/c/a"} {
		c.fetch(t, p)
		c.takes(t, "fetching "+p.String(), get)
	}
	c.ask(t, "/c/b")
	c.ask(t, "/c/d")
	c.takes(t, "asking for two", get, head)
	c.fetch(t, "/c/d")
	c.takes(t, "fetching one that was asked for before", head, head, get)
	c.fetch(t, "/c/b")
	c.ask(t, "/c/d")
	r, err := f.Open(ctx, "/c/d", vfs.OpenOptions{Offset: 100})
	if err != nil {
		t.Fatal(err)
	}
	var rest strings.Builder
	if _, err := r.WriteTo(&rest); err != nil || rest.String() != string(c.contents["/c/d"][100:]) {
		t.Errorf("reading from an offset: %d bytes, %v", rest.Len(), err)
	}
	r.Close()
	c.takes(t, "fetching a file and the rest of another", get, get, get)

	c.fetch(t, "/c/b")
	f.srv.ForgetRequests()
	f.guess.around = newListedRanges(time.Hour)
	if _, err := f.Stat(ctx, "/c/none"); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("Stat of nothing: %v", err)
	}
	c.takes(t, "asking for nothing", get, list)
	c.fetch(t, "/c/b")
	if err := f.Mkdir(ctx, "/c/dir"); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(ctx, "/c/dir"); err != nil || !info.IsDir() {
		t.Errorf("Stat of a directory: %+v, %v", info, err)
	}
}

// TestOpenedAheadInVain looks up a file that the client does not open. The prefetched file is
// closed.
func TestOpenedAheadInVain(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.recallLong()
	c := newFetcher(t, f)
	f.backend.nearFor = time.Millisecond
	c.ask(t, "/c/e")
	apitest.Eventually(t, "what nobody opens is given up", func() bool {
		f.guess.ahead.mu.Lock()
		defer f.guess.ahead.mu.Unlock()
		return f.guess.ahead.held == nil
	})
	c.has(t, "/c/e", c.contents["/c/e"], "what was given up is opened again")
	c.takes(t, "fetching one late", swifttest.GetObject, swifttest.GetObject)
}

// TestOpenedAheadAndChanged changes a file after it was looked up. A client that opens it gets the
// new content, no matter which gateway has written it.
func TestOpenedAheadAndChanged(t *testing.T) {
	w := newWorld(t, 100)
	one, two := w.fake(w.gateway(t)), w.fake(w.gateway(t))
	one.recallLong()
	for what, other := range map[string]*fake{"this gateway": one, "another gateway": two} {
		c := newFetcher(t, one)
		c.ask(t, "/c/b")
		c.put(t, other, "/c/b", 20_000)
		c.has(t, "/c/b", c.contents["/c/b"], "it was written through "+what)
		c.ask(t, "/c/b")
	}
}

// TestOpenedAheadCanceled ends the context of the lookup, and then that of the download. Only the
// latter ends the download.
func TestOpenedAheadCanceled(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.recallLong()
	c := newFetcher(t, f)
	asking, end := context.WithCancel(t.Context())
	if _, err := f.Stat(asking, "/c/large"); err != nil {
		t.Fatal(err)
	}
	end()
	reading, end := context.WithCancel(t.Context())
	r, err := f.Open(reading, "/c/large", vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.takes(t, "opening", swifttest.GetObject)
	p := make([]byte, 1000)
	if _, err := r.ReadAt(p, 0); err != nil || string(p) != string(c.contents["/c/large"][:1000]) {
		t.Errorf("reading: %v", err)
	}
	end()
	if _, err := r.ReadAt(p, 3*mib); err == nil {
		t.Error("a read of a download that was ended has succeeded")
	}
}

// TestOpenedAheadOfRename prefetches a file, and has another session rename another file over it.
// The header of the COPY has the account, as in requests of other logins that share it.
func TestOpenedAheadOfRename(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.recallLong()
	c := newFetcher(t, f)
	c.ask(t, "/c/b")
	second, err := f.backend.Open(t.Context(), backend.Login{SessionID: "second", Log: f.log, Grants: f.client.Grants})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Rename(t.Context(), "/c/d", "/c/b", vfs.RenameOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	c.has(t, "/c/b", c.contents["/c/d"], "a file that has come to the name since it was asked for is what is read")
}
