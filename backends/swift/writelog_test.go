package swift

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/memcached"
	"filegate/core/cache/redis"
	"filegate/core/testneed"
	"filegate/core/vfs"
)

// lagging is longer than any test takes, so listings never catch up.
const lagging = 24 * time.Hour

// seenBy checks a directory on all gateways.
func seenBy(t *testing.T, gateways []*FS, p vfs.Path, rule string, want ...string) {
	t.Helper()
	for i, fsys := range gateways {
		sees(t, fsys, p, fmt.Sprintf("%s, on gateway %d", rule, i), want...)
	}
}

func statOn(t *testing.T, gateways []*FS, p vfs.Path, want error) {
	t.Helper()
	for i, fsys := range gateways {
		if _, err := fsys.Stat(t.Context(), p); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("Stat of %s on gateway %d: %v, want %v", p, i, err, want)
		}
	}
}

// TestWriteLog makes all kinds of changes through one gateway, and lists them through both, while
// Swift's listings do not change (features C7, C9, J4).
func TestWriteLog(t *testing.T) {
	w := newWorld(t, 7)
	writeLogStory(t, w.srv, w.gateway(t), w.gateway(t))
}

// TestWriteLogMemcached has the gateways share the lab's memcached.
func TestWriteLogMemcached(t *testing.T) {
	addr := os.Getenv("FILEGATE_TEST_MEMCACHED")
	if addr == "" {
		if testing.Short() {
			t.Skip("needs a real memcached")
		}
		testneed.Missing(t, "FILEGATE_TEST_MEMCACHED names no memcached")
	}
	w := newWorld(t, 7)
	cfg := memcached.DefaultConfig()
	cfg.Servers, cfg.Key, cfg.Timeout = []string{addr}, auth.Secret("for tests only, and this one: "+w.srv.URL()), 10*time.Second
	sharedWriteLog(t, w, cfg)
}

// TestWriteLogRedis has the gateways share a Redis.
func TestWriteLogRedis(t *testing.T) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if testing.Short() {
			t.Skip("needs redis-server")
		}
		testneed.Missing(t, "redis-server is not installed")
	}
	dir, err := os.MkdirTemp("", "redis") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer server.Process.Kill()
	for lines := bufio.NewScanner(out); !strings.Contains(lines.Text(), "ready to accept connections"); {
		if !lines.Scan() {
			t.Fatal("redis-server does not start")
		}
	}
	cfg := redis.DefaultConfig()
	cfg.Servers, cfg.Key, cfg.Timeout = []string{socket}, "for tests only 0123456789 abcdefghijk", 10*time.Second
	sharedWriteLog(t, newWorld(t, 7), cfg)
}

// sharedWriteLog tells the story with two gateways that share a cache.
func sharedWriteLog(t *testing.T, w *world, cfg cache.Config) {
	open := func() *FS {
		c, err := cfg.New(cache.Env{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.(io.Closer).Close() })
		return openGateway(t, accountIn(w.srv), c, nil)
	}
	writeLogStory(t, w.srv, open(), open())
}

// TestWriteLogWithoutMemcached has one gateway whose memcached is down: it sees its own changes.
func TestWriteLogWithoutMemcached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 7)
	cfg := memcached.DefaultConfig()
	cfg.Servers, cfg.Key = []string{"127.0.0.1:1"}, "for tests only 0123456789 abcdefghijk"
	c, err := cfg.New(cache.Env{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f := openGateway(t, accountIn(w.srv), c, nil)
	writeLogStory(t, w.srv, f, f)
}

func writeLogStory(t *testing.T, srv *swifttest.Server, one, two *FS) {
	ctx := t.Context()
	both := []*FS{one, two}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(f *FS, p vfs.Path, size int) {
		t.Helper()
		(&fake{FS: f, srv: srv, dir: "/c"}).mustWrite(t, p, apitest.Noise(size))
	}
	for i := range 20 {
		write(one, vfsPath("/c/old%02d", i), 10)
	}
	write(one, "/c/prefix/only", 10)
	must(one.Mkdir(ctx, "/listed"))
	must(one.Mkdir(ctx, "/empty"))
	srv.ListingLag(lagging)
	var old []string
	for i := range 20 {
		old = append(old, fmt.Sprintf("old%02d", i))
	}
	with := func(names ...string) []string {
		all := append(slices.Clone(names), old...)
		slices.Sort(all)
		return all
	}

	write(one, "/c/new", 10)
	write(two, "/c/a", 10)
	write(two, "/c/zz", 10)
	seenBy(t, both, "/c", "files that were written", with("a", "new", "prefix/", "zz")...)
	must(one.Mkdir(ctx, "/c/dir"))
	write(two, "/c/dir/f", 10)
	write(two, "/c/deep/er/f", 10)
	seenBy(t, both, "/c", "directories that were made", with("a", "deep/", "dir/", "new", "prefix/", "zz")...)
	seenBy(t, both, "/c/dir", "a directory that was made", "f")
	seenBy(t, both, "/c/deep", "a prefix that came into being", "er/")
	statOn(t, both, "/c/deep/er", nil)

	must(two.Remove(ctx, "/c/new"))
	must(one.Remove(ctx, "/c/old07"))
	old = slices.DeleteFunc(old, func(n string) bool { return n == "old07" })
	seenBy(t, both, "/c", "files that were removed", with("a", "deep/", "dir/", "prefix/", "zz")...)
	statOn(t, both, "/c/new", vfs.ErrNotExist)
	statOn(t, both, "/c/old07", vfs.ErrNotExist)

	write(two, "/c/old03", 123)
	for i, f := range both {
		infos, err := listAll(ctx, f, "/c")
		must(err)
		at := slices.IndexFunc(infos, func(i vfs.Info) bool { return i.Name == "old03" })
		if at < 0 || infos[at].Size != 123 {
			t.Errorf("gateway %d does not list a file with its new size", i)
		}
	}

	must(one.Rename(ctx, "/c/old05", "/c/moved", vfs.RenameOptions{}))
	old = slices.DeleteFunc(old, func(n string) bool { return n == "old05" })
	must(two.Rename(ctx, "/c/deep", "/c/deeper", vfs.RenameOptions{}))
	must(one.Rename(ctx, "/c/prefix", "/c/later", vfs.RenameOptions{}))
	seenBy(t, both, "/c", "what was renamed", with("a", "deeper/", "dir/", "later/", "moved", "zz")...)
	seenBy(t, both, "/c/deeper/er", "a directory that was renamed", "f")
	seenBy(t, both, "/c/later", "a directory that was renamed", "only")
	statOn(t, both, "/c/deep", vfs.ErrNotExist)
	statOn(t, both, "/c/prefix", vfs.ErrNotExist)
	for _, f := range both {
		if _, err := listAll(ctx, f, "/c/prefix"); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("listing of a directory that was renamed away: %v, want %v", err, vfs.ErrNotExist)
		}
	}

	if err := two.Rmdir(ctx, "/c/dir"); !errors.Is(err, vfs.ErrNotEmpty) {
		t.Errorf("Rmdir of a directory with a file that is not listed yet: %v, want %v", err, vfs.ErrNotEmpty)
	}
	must(one.Remove(ctx, "/c/dir/f"))
	seenBy(t, both, "/c/dir", "an empty directory stays")
	must(two.Rmdir(ctx, "/c/dir"))
	seenBy(t, both, "/c", "a directory that was removed", with("a", "deeper/", "later/", "moved", "zz")...)
	must(one.Mkdir(ctx, "/c/dir"))
	seenBy(t, both, "/c", "a directory that was made again", with("a", "deeper/", "dir/", "later/", "moved", "zz")...)
	must(two.Remove(ctx, "/c/zz"))
	write(one, "/c/zz", 10)
	seenBy(t, both, "/c", "a file that was removed through one gateway and made through another",
		with("a", "deeper/", "dir/", "later/", "moved", "zz")...)

	must(one.Mkdir(ctx, "/c2"))
	seenBy(t, both, "/", "a container that was made", "c/", "c2/", "empty/", "listed/")
	must(two.Rmdir(ctx, "/c2"))
	seenBy(t, both, "/", "a container that was removed", "c/", "empty/", "listed/")
	must(two.Rmdir(ctx, "/listed"))
	seenBy(t, both, "/", "a container that was removed, and is listed", "c/", "empty/")
	must(one.Mkdir(ctx, "/listed"))
	seenBy(t, both, "/", "a container that was made again", "c/", "empty/", "listed/")
	must(two.Rename(ctx, "/empty", "/a", vfs.RenameOptions{}))
	must(one.Rmdir(ctx, "/listed"))
	seenBy(t, both, "/", "a container that was renamed", "a/", "c/")
	statOn(t, both, "/empty", vfs.ErrNotExist)
	statOn(t, both, "/a", nil)

	srv.ListingLag(0)
	seenBy(t, both, "/c", "listings that have caught up", with("a", "deeper/", "dir/", "later/", "moved", "zz")...)
	seenBy(t, both, "/", "listings that have caught up", "a/", "c/")
	for i, f := range both {
		f.backend.writes.SettledFor = 0
		for range 3 { // they make HEADs, agree, and agree again
			for _, top := range []api.Name{{}, {Container: "c"}} {
				if _, err := f.lists.AllListed(ctx, top, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, top := range []api.Name{{}, {Container: "c"}} {
			if left, err := f.lists.ChangesIn(ctx, top, listing.Query{}); len(left) > 0 || err != nil {
				t.Errorf("the log of gateway %d has %v in %q of which all listings know, %v", i, left, top.String(), err)
			}
		}
	}
}

// TestWriteLogEnds checks that the log removes changes that are older than the lag of listings.
func TestWriteLogEnds(t *testing.T) {
	w := newWorld(t, 7)
	f := w.fake(w.gateway(t))
	w.srv.ListingLag(lagging)
	f.mustWrite(t, "/c/f", []byte("x"))
	sees(t, f, "/c", "a change within the time", "f")
	f.listBy(listing.NewLog(time.Nanosecond, f.backend.local, w.shared), f.backend.pages)
	apitest.Eventually(t, "the second after the change is over", func() bool { return len(listNames(t, f, "/c")) == 0 })
}

// TestWriteLogCosts counts the requests that the log adds to a listing: none for a change that the
// listing includes, and one HEAD, once, for each other change.
func TestWriteLogCosts(t *testing.T) {
	w := newWorld(t, 100)
	w.change = func(c *Config) { c.ListTimes = timesOfSwift }
	f := w.fake(w.gateway(t))
	large := apitest.Noise(maxManifestBytes + 1) // a smaller file may be a manifest, and would get a HEAD
	for i := range 10 {
		f.mustWrite(t, vfsPath("/c/f%d", i), large)
	}
	if err := f.Remove(t.Context(), "/c/f9"); err != nil {
		t.Fatal(err)
	}
	count := func(what string, lists, heads int, names int) {
		t.Helper()
		w.srv.ForgetRequests()
		if got := len(listNames(t, f, "/c")); got != names {
			t.Errorf("%s: %d names are listed, want %d", what, got, names)
		}
		w.asked(t, what, lists, heads)
	}
	count("a listing that knows of all changes", 1, 0, 9)
	w.srv.ListingLag(lagging)
	f.mustWrite(t, "/c/g1", large)
	f.mustWrite(t, "/c/g2", large)
	count("a listing that lacks two files", 1, 2, 11)
}

// TestWriteLogModel makes random changes through two gateways while listings lag, and compares
// their listings with the objects.
func TestWriteLogModel(t *testing.T) {
	w := newWorld(t, 5)
	gateways := []*FS{w.gateway(t), w.gateway(t)}
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		dir := vfsPath("/c/run%d", run)
		w.srv.ListingLag(0)
		model := map[string]bool{}
		ctx := context.WithoutCancel(t.Context())
		names := []string{"a", "b", "b-", "c", "d", "e", "f", "g", "h"}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				n := rapid.SampledFrom(names).Draw(rt, "name")
				f := gateways[rapid.IntRange(0, 1).Draw(rt, "gateway")]
				if _, err := w.fake(f).write(ctx, dir.Join(n), []byte(n), replace); err != nil {
					rt.Fatal(err)
				}
				model[n] = true
			},
			"remove": func(rt *rapid.T) {
				n := rapid.SampledFrom(names).Draw(rt, "name")
				f := gateways[rapid.IntRange(0, 1).Draw(rt, "gateway")]
				if err := f.Remove(ctx, dir.Join(n)); (err == nil) != model[n] {
					rt.Fatalf("Remove of %s: %v, there was one: %v", n, err, model[n])
				}
				delete(model, n)
			},
			"freeze": func(*rapid.T) { w.srv.ListingLag(lagging) },
			"thaw":   func(*rapid.T) { w.srv.ListingLag(0) },
			"look": func(rt *rapid.T) {
				want := slices.Sorted(maps.Keys(model))
				for i, f := range gateways {
					var got []string
					infos, err := listAll(ctx, f, dir)
					for _, info := range infos {
						got = append(got, info.Name)
					}
					slices.Sort(got)
					if !slices.Equal(got, want) || err != nil && !(len(want) == 0 && errors.Is(err, vfs.ErrNotExist)) {
						rt.Fatalf("gateway %d lists %s (%v), want %s", i, strings.Join(got, " "), err, strings.Join(want, " "))
					}
				}
			},
		})
	})
}
