package swift

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// putByOthers stores an object as another program would: the gateway does not notice.
func (f *FS) putByOthers(t *testing.T, p vfs.Path, body []byte, header map[string]string) {
	t.Helper()
	observe := f.client.Observe
	f.client.Observe = func(context.Context, api.Request, time.Time, *api.Response, error) {}
	defer func() { f.client.Observe = observe }()
	f.putRaw(t, p, body, nil, header)
}

// countHeads counts the HEADs of a gateway from now on.
func (f *FS) countHeads() *atomic.Int64 {
	heads := &atomic.Int64{}
	observe := f.client.Observe
	f.client.Observe = func(ctx context.Context, req api.Request, began time.Time, resp *api.Response, err error) {
		if req.Method == http.MethodHead && req.Target.IsObject() {
			heads.Add(1)
		}
		observe(ctx, req, began, resp, err)
	}
	return heads
}

func (f *FS) mustSetTime(t *testing.T, p vfs.Path, at time.Time) {
	t.Helper()
	if err := f.SetAttrs(t.Context(), p, vfs.Attrs{ModTime: &at}); err != nil {
		t.Fatal(err)
	}
}

// timesIn lists a directory and returns the times of its entries.
func timesIn(t *testing.T, f *FS, dir vfs.Path) map[string]time.Time {
	t.Helper()
	infos, err := listAll(t.Context(), f, dir)
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]time.Time{}
	for _, info := range infos {
		times[info.Name] = info.ModTime
	}
	return times
}

// storedWithTimes stores files in every way that a gateway has, and returns their times.
func storedWithTimes(t *testing.T, f *FS, top vfs.Path) map[string]time.Time {
	t.Helper()
	w := &fake{FS: f, dir: top}
	small := apitest.Noise(maxManifestBytes + 1) // a copy of a smaller file may be a manifest
	at := func(n int) time.Time { return time.Unix(1_000_000_000+int64(n), 250_000_000).UTC() }
	for i, name := range []string{"small", "copied", "moved", "changed", "text.html", "twice"} {
		w.mustWrite(t, top+"/"+vfs.Path(name), small)
		f.mustSetTime(t, top+"/"+vfs.Path(name), at(i))
	}
	w.mustWrite(t, top+"/large", apitest.Noise(3*mib))
	f.mustSetTime(t, top+"/large", at(6))
	w.mustWrite(t, top+"/empty", nil)
	f.mustSetTime(t, top+"/empty", at(7))
	for _, err := range []error{
		f.Rename(t.Context(), top+"/moved", top+"/moved2", vfs.RenameOptions{}),
		f.Copy(t.Context(), top+"/copied", top+"/copied2", vfs.CopyOptions{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.mustSetTime(t, top+"/twice", at(8))
	f.mustSetTime(t, top+"/twice", at(9))
	times := map[string]time.Time{
		"small": at(0), "copied": at(1), "copied2": at(1), "moved2": at(2), "text.html": at(4), "large": at(6), "empty": at(7), "twice": at(9),
	}
	aw, err := f.OpenWriter(t.Context(), top+"/changed", vfs.WriteOptions{Offset: vfs.AtEnd})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aw.WriteAt([]byte("more"), int64(len(small))); err != nil {
		t.Fatal(err)
	}
	info, err := aw.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	times["changed"] = info.ModTime
	return times
}

func checkTimes(t *testing.T, f *FS, top vfs.Path, want map[string]time.Time) {
	t.Helper()
	got := timesIn(t, f, top)
	for name, at := range want {
		if !got[name].Equal(at) && got[name].Sub(at).Abs() > time.Microsecond {
			t.Errorf("%s is listed with %v, want %v", name, got[name], at)
		}
		info, err := f.Stat(t.Context(), top+"/"+vfs.Path(name))
		if err != nil || !info.ModTime.Equal(got[name]) {
			t.Errorf("%s is listed with %v, and Stat has %v (%v)", name, got[name], info.ModTime, err)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries are listed, want %d", len(got), len(want))
	}
}

// onBoth runs a test on a fake and on the real Swift.
func onBoth(t *testing.T, test func(t *testing.T, a account)) {
	t.Run("fake", func(t *testing.T) { test(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { test(t, realSwift(t)) })
}

// TestListAfterWriting lists what gateways have stored: through all that share a cache, the first
// listing makes no HEAD.
func TestListAfterWriting(t *testing.T) {
	onBoth(t, func(t *testing.T, a account) {
		shared := cache.NewMemory(cache.DefaultMemory)
		one := openGateway(t, a, shared, nil)
		top := makeContainer(t, one)
		want := storedWithTimes(t, one, top)
		one.forgetChanges() // so that the write log causes no requests
		two := openGateway(t, a, shared, nil)
		for range 2 {
			// Another gateway has listed the first time: it must see the change that follows at once.
			one.mustSetTime(t, top+"/small", want["small"])
			one.forgetChanges()
			two.forgetChanges()
			checkTimes(t, two, top, want)
			want["small"] = want["small"].Add(time.Hour)
			one.mustSetTime(t, top+"/small", want["small"])
		}
		for _, f := range []*FS{one, two} {
			f.forgetChanges()
			heads := f.countHeads()
			timesIn(t, f, top)
			if n := heads.Load(); n > 0 {
				t.Errorf("the listing makes %d HEADs", n)
			}
			checkTimes(t, f, top, want)
		}
	})
}

// TestChangedByOthers stores a file through a gateway and again by another program, with the same
// content and another time: the listing shows the new time.
func TestChangedByOthers(t *testing.T) {
	w := newWorld(t, 100)
	f := w.gateway(t)
	body := apitest.Noise(1000)
	w.fake(f).mustWrite(t, "/c/f", body)
	f.mustSetTime(t, "/c/f", time.Unix(1e9, 0))
	f.forgetChanges()
	w.srv.Later(3 * time.Second)
	f.putByOthers(t, "/c/f", body, map[string]string{api.MetaMtime: "1100000000.5"})
	checkTimes(t, f, "/c", map[string]time.Time{"f": time.Unix(1.1e9, 5e8)})
}

// TestTimesInType lists files through a gateway that has cached nothing, with list_times = "type":
// own files take no HEAD, those of others take one each. Gateways without the option keep the times
// in the types right.
func TestTimesInType(t *testing.T) {
	inType := func(c *Config) { c.ListTimes = timesInType }
	onBoth(t, func(t *testing.T, a account) {
		f := openFS(t, a, inType)
		top := makeContainer(t, f)
		want := storedWithTimes(t, f, top)
		fresh := openFS(t, a, inType)
		heads := fresh.countHeads()
		timesIn(t, fresh, top)
		if n := heads.Load(); n > 1 { // the empty file may be a manifest
			t.Errorf("the listing makes %d HEADs, want 1", n)
		}
		checkTimes(t, fresh, top, want)

		other := openFS(t, a, nil)
		checkTimes(t, other, top, want)
		want["small"] = time.Unix(1.2e9, 0)
		other.mustSetTime(t, top+"/small", want["small"])
		want["theirs"] = time.Unix(1.3e9, 0)
		other.putByOthers(t, top+"/theirs", apitest.Noise(1000), map[string]string{api.MetaMtime: "1300000000"})
		checkTimes(t, openFS(t, a, inType), top, want)

		n, err := fresh.locate(top + "/text.html")
		if err != nil {
			t.Fatal(err)
		}
		o, err := fresh.client.Head(t.Context(), n)
		if want := "text/html; charset=utf-8;mtime=1000000004.250000000"; err != nil || o.ContentType != want {
			t.Errorf("the type is %q (%v), want %q", o.ContentType, err, want)
		}
	})
}

// TestTimesWaitForOwn lists a directory with a file that filegate has stored, with no time for HEADs
// of the files of others: the listing waits for the times of all files.
func TestTimesWaitForOwn(t *testing.T) {
	w := newWorld(t, 1000)
	w.change = func(c *Config) { c.ListTimesWait = time.Hour }
	f := w.gateway(t)
	at := time.Unix(1e9, 0)
	w.fake(f).mustWrite(t, "/c/a", apitest.Noise(1000))
	f.mustSetTime(t, "/c/a", at)
	for i := range 2 * measureFirst {
		f.putByOthers(t, vfsPath("/c/f%03d", i), apitest.Noise(1000), map[string]string{api.MetaMtime: "1000000000"})
	}
	cold := openGateway(t, accountIn(w.srv), cache.NewMemory(cache.DefaultMemory), w.change)
	l, err := cold.List(t.Context(), "/c")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for {
		infos, err := l.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range infos {
			if !info.ModTime.Equal(at) {
				t.Fatalf("%s is listed with %v, want %v", info.Name, info.ModTime, at)
			}
		}
		l.(*stickyLister).Lister.(*lister).times.wait = 0 // the time is over after the first entries
	}
}

// TestTimesWait has a listing that waits too long for its first HEADs: it shows when Swift received
// the other files, and later listings and Stat show the same time.
func TestTimesWait(t *testing.T) {
	const files = 3 * headsAtOnce
	w := newWorld(t, 1000)
	w.change = func(c *Config) { c.ListTimesWait = time.Nanosecond }
	f := w.gateway(t)
	for i := range files {
		f.putByOthers(t, vfsPath("/c/f%03d", i), apitest.Noise(1000), map[string]string{api.MetaMtime: "1000000000"})
	}
	first := timesIn(t, f, "/c")
	late := 0
	for name, at := range first {
		if !at.Equal(time.Unix(1e9, 0)) {
			late++
		}
		for _, g := range []*FS{f, w.gateway(t)} {
			info, err := g.Stat(t.Context(), vfs.Path("/c/"+name))
			if err != nil || !info.ModTime.Equal(at) {
				t.Fatalf("%s is listed with %v, and Stat has %v (%v)", name, at, info.ModTime, err)
			}
		}
	}
	if late != files {
		t.Errorf("%d files have Swift's time, want %d", late, files)
	}
	w.change = func(c *Config) { c.ListTimesWait = 0 } // another gateway has time
	checkAgrees(t, w.gateway(t), first)
	f.putByOthers(t, "/c/f000", apitest.Noise(1001), map[string]string{api.MetaMtime: "1000000000"})
	w.change = func(c *Config) { c.ListTimesWait = time.Minute }
	if got := timesIn(t, w.gateway(t), "/c")["f000"]; !got.Equal(time.Unix(1e9, 0)) {
		t.Errorf("the next version of a file is listed with %v", got)
	}
}

func checkAgrees(t *testing.T, f *FS, want map[string]time.Time) {
	t.Helper()
	for name, at := range timesIn(t, f, "/c") {
		if !want[name].Equal(at) {
			t.Fatalf("%s is listed with %v, before with %v", name, at, want[name])
		}
	}
}

// TestTimesBudget spends a budget by number and by time.
func TestTimesBudget(t *testing.T) {
	b := (&Config{ListTimesLimit: 2}).timesBudget()
	for i, want := range []string{"true false", "true false", "false false"} {
		ok, late := b.take()
		if got := fmt.Sprint(ok, late); got != want {
			t.Errorf("HEAD %d: %s, want %s", i, got, want)
		}
	}
	b = (&Config{ListTimesWait: time.Hour}).timesBudget()
	end := b.begin()
	if ok, _ := b.take(); !ok {
		t.Error("no time at the beginning of an hour")
	}
	b.since = b.since.Add(-2 * time.Hour)
	if ok, late := b.take(); ok || !late {
		t.Errorf("after an hour: %t, %t", ok, late)
	}
	end()
	if ok, late := b.take(); ok || !late {
		t.Errorf("after the end: %t, %t", ok, late)
	}
}
