package swift

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// puts writes a file without looking it up before, as put -r does, and returns the requests that
// this took.
func (f *fake) puts(t *testing.T, p vfs.Path) string {
	t.Helper()
	f.srv.ForgetRequests()
	f.mustWrite(t, p, apitest.Noise(10))
	return f.requested()
}

// requested returns the requests since the log was emptied, without those that look for interrupted
// uploads.
func (f *fake) requested() string {
	var all []string
	for _, r := range f.srv.Requests() {
		if !strings.Contains(r.Path, api.SegmentsSuffix) {
			all = append(all, string(r.Op))
		}
	}
	return strings.Join(all, " ")
}

// TestManySmallFiles writes many files into a directory. From the third on each takes one request.
func TestManySmallFiles(t *testing.T) {
	const (
		asked = string(swifttest.HeadObject + " " + swifttest.ListContainer + " " + swifttest.PutObject)
		saw   = string(swifttest.ListContainer + " " + swifttest.PutObject)
		put   = string(swifttest.PutObject)
	)
	f := newFake(t, swifttest.Limits{}, nil)
	f.recallLong()
	ctx := t.Context()
	f.mustWrite(t, "/c/old/f05", apitest.Noise(10))
	f.mustWrite(t, "/c/old/f06/below", apitest.Noise(10))
	f.forget()
	for i, want := range []string{asked, saw, put, put, put} {
		if got := f.puts(t, vfsPath("/c/old/f%02d", i)); got != want {
			t.Errorf("file %d of a directory takes %s, want %s", i, got, want)
		}
	}
	f.forget()
	f.puts(t, "/c/old/f01")
	f.puts(t, "/c/old/f02")
	f.srv.ForgetRequests()
	f.mustWrite(t, "/c/old/f05", apitest.Noise(10))
	if got, want := f.requested(), string(swifttest.HeadObject+" "+swifttest.PutObject); got != want {
		t.Errorf("a file that was listed takes %s, want %s", got, want)
	}
	if _, err := f.OpenWriter(ctx, "/c/old/f06", replace); vfs.Kind(err) != vfs.ErrIsDir {
		t.Errorf("opening a directory that was listed: %v, want %v", err, vfs.ErrIsDir)
	}
	if err := f.Mkdir(ctx, "/c/old/f06"); vfs.Kind(err) != vfs.ErrExist {
		t.Errorf("Mkdir of a directory that was listed: %v, want %v", err, vfs.ErrExist)
	}

	if err := f.Mkdir(ctx, "/c/dir"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if got := f.puts(t, vfsPath("/c/dir/f%d", i)); got != put {
			t.Errorf("file %d of a new directory takes %s, want %s", i, got, put)
		}
	}
	f.mustWrite(t, "/c/dir/sub/f", apitest.Noise(10))
	if _, err := f.OpenWriter(ctx, "/c/dir/sub", replace); vfs.Kind(err) != vfs.ErrIsDir {
		t.Errorf("opening what has become a directory: %v, want %v", err, vfs.ErrIsDir)
	}
}

// TestManyInAnyOrder puts many files into a directory, by one client or two at once. In the orders
// that clients use, one listing answers for many names; in random order, few listings are made that
// answer for nothing.
func TestManyInAnyOrder(t *testing.T) {
	const files = 500
	ascending := func(i int) int { return i }
	descending := func(i int) int { return files - 1 - i }
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(files)
	random := func(i int) int { return shuffled[i] }
	for _, tt := range []struct {
		name    string
		clients []func(int) int
		old     int  // files in the directory before, between the new ones
		forgets bool // listed ranges are too old for the next question
	}{
		{"ascending", []func(int) int{ascending}, 0, false},
		{"descending", []func(int) int{descending}, 0, false},
		{"random", []func(int) int{random}, 0, false},
		{"ascending and descending at once", []func(int) int{ascending, descending}, 0, false},
		{"ascending in a large directory", []func(int) int{ascending}, 1200, false},
		{"descending in a large directory", []func(int) int{descending}, 1200, false},
		{"random in a large directory", []func(int) int{random}, 1200, false},
		{"ascending, slowly", []func(int) int{ascending}, 0, true},
		{"descending, slowly", []func(int) int{descending}, 0, true},
		{"random, slowly", []func(int) int{random}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, nil)
			for i := range tt.old {
				f.putRaw(t, vfsPath("/c/dir/f%05d-old", i*files/tt.old), []byte("x"), nil, nil)
			}
			f.srv.ForgetRequests()
			var wg sync.WaitGroup
			for i, order := range tt.clients {
				session := &fake{FS: openFS(t, accountIn(f.srv), nil), srv: f.srv, dir: "/c"}
				session.recallLong()
				if tt.forgets {
					session.backend.recallFor = 0
				}
				wg.Go(func() {
					for j := range files {
						if _, err := session.write(t.Context(), vfsPath("/c/dir/f%05d-%d", order(j), i), []byte("x"), replace); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			listings, others := 0, 0
			for _, r := range f.srv.Requests() {
				switch {
				case r.Op == swifttest.ListContainer && strings.Contains(r.Query, fmt.Sprint("limit=", stretchEntries)):
					listings++
				case r.Op == swifttest.ListContainer, r.Op == swifttest.HeadObject:
					others++
				}
			}
			if most := 25 * len(tt.clients); listings > most {
				t.Errorf("%d files take %d listings of their directory, want %d at most", files*len(tt.clients), listings, most)
			}
			// A name that no listing has answered for takes a HEAD and a listing of one entry, as
			// without any guess. The directory itself is requested at times.
			most := 30 * len(tt.clients)
			if tt.forgets {
				most += 2 * files * len(tt.clients)
			}
			if others > most {
				t.Errorf("%d files take %d other requests, want %d at most", files*len(tt.clients), others, most)
			}
		})
	}
}

// TestManyAskedFor writes many files, each after a lookup. From the third on each takes one
// request; existing files are found anyway.
func TestManyAskedFor(t *testing.T) {
	const head, list, put = swifttest.HeadObject, swifttest.ListContainer, swifttest.PutObject
	w := newWorld(t, 100)
	f, other := w.fake(w.gateway(t)), w.fake(w.gateway(t))
	f.recallLong()
	ctx := t.Context()
	other.mustWrite(t, "/c/f05", apitest.Noise(10))
	if _, err := f.client.Limits(ctx); err != nil { // they are requested once
		t.Fatal(err)
	}
	send := func(p vfs.Path, there error, want ...swifttest.Op) {
		t.Helper()
		f.srv.ForgetRequests()
		if _, err := f.Stat(ctx, p); vfs.Kind(err) != there {
			t.Errorf("Stat of %q: %v, want %v", p, err, there)
		}
		f.mustWrite(t, p, apitest.Noise(20))
		var got []swifttest.Op
		for _, r := range f.srv.Requests() {
			got = append(got, r.Op)
		}
		for len(got) > 0 && got[len(got)-1] != put { // requests after it run in parallel
			got = got[:len(got)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("sending %q (-want +got):\n%s", p, diff)
		}
	}
	send("/c/f00", vfs.ErrNotExist, head, list, put)
	send("/c/f01", vfs.ErrNotExist, list, put)
	send("/c/f02", vfs.ErrNotExist, put)
	send("/c/f05", nil, head, put)
	send("/c/f06", vfs.ErrNotExist, put)
	other.mustWrite(t, "/c/f07", apitest.Noise(10))
	send("/c/f07", nil, head, put)
	other.mustWrite(t, "/c/f08/below", apitest.Noise(10))
	if info, err := f.Stat(ctx, "/c/f08"); err != nil || !info.IsDir() {
		t.Errorf("Stat of what has become a directory through another gateway: %+v, %v", info, err)
	}
	if _, err := f.Stat(ctx, "/c/f09"); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("Stat of nothing: %v", err)
	}
	// A change past all gateways.
	past := &fake{FS: openFS(t, accountIn(f.srv), nil), srv: f.srv, dir: "/c"}
	large := apitest.Noise(2*mib + 1000)
	past.mustWrite(t, "/c/f11", large)
	if info, err := f.Stat(ctx, "/c/f11"); err != nil || info.Size != int64(len(large)) {
		t.Errorf("Stat by who has not made what he asked for: %+v, %v", info, err)
	}
	send("/c/f10", vfs.ErrNotExist, head, put)
	past.mustWrite(t, "/c/f12", large)
	send("/c/f12", vfs.ErrNotExist, put, head, swifttest.GetManifest, put)
	past.mustWrite(t, "/c/f11", apitest.Noise(10))
	past.tidy(t, "/c/f12")
}

// TestSurroundingsOfGateways has two gateways with a shared cache: one finds the other's changes
// below a name.
func TestSurroundingsOfGateways(t *testing.T) {
	w := newWorld(t, 100)
	one, two := w.fake(w.gateway(t)), w.fake(w.gateway(t))
	one.recallLong()
	ctx := t.Context()
	if err := one.Mkdir(ctx, "/c/dir"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []vfs.Path{"/c/dir/a", "/c/dir/b"} {
		one.mustWrite(t, p, apitest.Noise(10))
	}
	one.Stat(ctx, "/c/dir/y")
	two.mustWrite(t, "/c/dir/x/f", apitest.Noise(10))
	two.mustWrite(t, "/c/dir/y/f", apitest.Noise(10))
	for _, p := range []vfs.Path{"/c/dir/x", "/c/dir/y"} {
		if _, err := one.OpenWriter(ctx, p, replace); vfs.Kind(err) != vfs.ErrIsDir {
			t.Errorf("opening %q, which has become a directory through another gateway: %v, want %v", p, err, vfs.ErrIsDir)
		}
		if err := one.Mkdir(ctx, p); vfs.Kind(err) != vfs.ErrExist {
			t.Errorf("Mkdir of %q, which has become a directory through another gateway: %v, want %v", p, err, vfs.ErrExist)
		}
	}
}

// TestLateComers publishes a file at a name that was free when the file was opened, but is taken
// now.
func TestLateComers(t *testing.T) {
	large, small := apitest.Noise(2*mib+1000), apitest.Noise(1000)
	for comer, make := range map[string]func(f *FS) error{
		"nothing":     func(*FS) error { return nil },
		"a file":      func(f *FS) error { _, err := (&fake{FS: f}).write(t.Context(), "/c/x", small, replace); return err },
		"a large one": func(f *FS) error { _, err := (&fake{FS: f}).write(t.Context(), "/c/x", large, replace); return err },
		"a directory": func(f *FS) error { return f.Mkdir(t.Context(), "/c/x") },
	} {
		for form, data := range map[string][]byte{"small": apitest.Noise(1000), "large": apitest.Noise(3*mib + 1000)} {
			t.Run(fmt.Sprint(form, "/", comer), func(t *testing.T) {
				t.Parallel()
				// Otherwise the file that is written last would end the upload.
				noResume := func(c *Config) { c.ResumeRetention = 0 }
				f := newFake(t, swifttest.Limits{}, noResume)
				other := openFS(t, accountIn(f.srv), noResume)
				w := f.openWriter(t, "/c/x", replace)
				writeAt(t, w, data, 0)
				if err := make(other); err != nil {
					t.Fatal(err)
				}
				_, err := w.Commit(t.Context())
				w.Close()
				if comer == "a directory" {
					if vfs.Kind(err) != vfs.ErrIsDir {
						t.Errorf("Commit: %v, want %v", err, vfs.ErrIsDir)
					}
					if info, err := other.Stat(t.Context(), "/c/x"); err != nil || !info.IsDir() {
						t.Errorf("the directory is %+v, %v: a file never takes the place of one", info, err)
					}
				} else if f.has(t, "/c/x", data, "it is the one that was published last"); err != nil {
					t.Errorf("Commit: %v", err)
				}
				f.tidy(t, "/c/x")
			})
		}
	}
}

// TestLateComersStay opens a missing file for appending, and commits after another client has
// created the file: Commit is refused, and the other file stays.
func TestLateComersStay(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	other := openFS(t, accountIn(f.srv), nil)
	w := f.openWriter(t, "/c/log", vfs.WriteOptions{Create: true, Offset: vfs.AtEnd})
	writeAt(t, w, apitest.Noise(1000), 0)
	line := apitest.Noise(2000)
	if _, err := (&fake{FS: other}).write(t.Context(), "/c/log", line, replace); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); vfs.Kind(err) != vfs.ErrChanged {
		t.Errorf("Commit: %v, want %v", err, vfs.ErrChanged)
	}
	w.Close()
	f.has(t, "/c/log", line, "who appends to a file does not replace it")
}

// TestModesOfLateComers checks that a new file keeps the mode and owner of a file that was created
// since it was opened.
func TestModesOfLateComers(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.KeepModes = true })
	ctx := t.Context()
	w := f.openWriter(t, "/c/x", replace)
	other := openFS(t, accountIn(f.srv), func(c *Config) { c.KeepModes = true })
	(&fake{FS: other}).mustWrite(t, "/c/x", apitest.Noise(10))
	if err := other.SetAttrs(ctx, "/c/x", vfs.Attrs{Mode: new(fs.FileMode(0o600))}); err != nil {
		t.Fatal(err)
	}
	info, err := w.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if stat, err := f.Stat(ctx, "/c/x"); err != nil || stat.Mode != 0o600 || info.Mode != 0o600 {
		t.Errorf("the file has the mode %o, %v, and Commit tells %o: it stays when there is another content", stat.Mode, err, info.Mode)
	}
}

// TestTimeOfOwnFile sets the time of a file that the session has just written, and of one that
// another client has written since.
func TestTimeOfOwnFile(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.recallLong()
	ctx := t.Context()
	set := func(want string) {
		t.Helper()
		f.srv.ForgetRequests()
		if err := f.SetAttrs(ctx, "/c/x.txt", vfs.Attrs{ModTime: new(time.Unix(1e9, 0))}); err != nil {
			t.Fatal(err)
		}
		if got := f.requested(); got != want {
			t.Errorf("setting the time takes %s, want %s", got, want)
		}
		info, err := f.Stat(ctx, "/c/x.txt")
		if err != nil || info.ModTime.Unix() != 1e9 {
			t.Errorf("the file is %+v, %v", info, err)
		}
	}
	post, asked := string(swifttest.PostObject), string(swifttest.HeadObject+" "+swifttest.PostObject)
	f.mustWrite(t, "/c/x.txt", apitest.Noise(10))
	set(post)
	set(asked)
	f.mustWrite(t, "/c/x.txt", apitest.Noise(10))
	large := apitest.Noise(2*mib + 1000)
	f.mustWrite(t, "/c/x.txt", large)
	set(asked)
	f.has(t, "/c/x.txt", large, "a time changes nothing else")
	f.digestsHold(t, "/c/x.txt", large)
}

func TestBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringN(1, 10, -1).Filter(utf8.ValidString).Draw(t, "s")
		b := before(s)
		if b >= s || !utf8.ValidString(b) {
			t.Errorf("before(%q) = %q", s, b)
		}
	})
}
