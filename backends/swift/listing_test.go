package swift

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// putRaw stores an object as another client of Swift would.
func putRaw(t *testing.T, f *FS, object, content string, header map[string]string) {
	t.Helper()
	body := bytes.NewReader([]byte(content))
	_, err := f.client.Send(t.Context(), api.Request{
		Method: http.MethodPut, Target: api.Name{Container: "c", Object: object}, Header: header, Body: body, Length: int64(len(content)),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMillion lists a container of a million objects: the first entries are returned after the
// first page, and no more than two pages are fetched ahead of the client.
func TestMillion(t *testing.T) {
	const objects, limit = 1_000_000, 2000
	var pages atomic.Int64
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/auth":
			w.Header().Set("X-Storage-Url", srv.URL+"/v1/AUTH_test")
			w.Header().Set("X-Auth-Token", "token")
			return
		case r.URL.Path == "/info":
			fmt.Fprintf(w, `{"swift": {"container_listing_limit": %d}}`, limit)
			return
		case r.URL.Query().Get("delimiter") == "": // the listing of interrupted uploads
			fmt.Fprint(w, "[]")
			return
		}
		pages.Add(1)
		from, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("marker"), "object-"))
		var lines []map[string]any
		for i := from + 1; i <= min(from+limit, objects); i++ {
			lines = append(lines, map[string]any{"name": fmt.Sprintf("object-%07d", i), "bytes": 1000 + i, "hash": "x", "content_type": "text/plain"})
		}
		json.NewEncoder(w).Encode(lines)
	}))
	defer srv.Close()
	f := openGateway(t, account{authURL: srv.URL + "/auth", user: "u", key: "k"}, cache.NewMemory(1<<20), func(c *Config) { c.ListTimes = timesOfSwift })
	l, err := f.List(t.Context(), "/c")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	seen := 0
	for seen < 20*limit {
		infos, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range infos {
			if seen++; info.Name != fmt.Sprintf("object-%07d", seen) {
				t.Fatalf("entry %d is %s", seen, info.Name)
			}
		}
		// One page is read, one waits, and one is being fetched.
		if n, used := pages.Load(), int64((seen+limit-1)/limit); n > used+2 {
			t.Fatalf("%d pages have been asked for when %d entries are read: memory grows with the directory", n, seen)
		}
	}
	l.Close()
	if _, err := l.Next(t.Context()); err == nil {
		t.Error("Next after Close returns entries")
	}
	if n := pages.Load(); n > 22 {
		t.Errorf("%d pages were asked for, and 20 read", n)
	}
}

// TestManyPages lists accounts and directories of many pages, on a cluster that reports their size,
// and on one that does not (feature C10).
func TestManyPages(t *testing.T) {
	for _, noInfo := range []bool{false, true} {
		t.Run(fmt.Sprint("without info ", noInfo), func(t *testing.T) {
			w := &world{
				srv:    swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{ListingLimit: 3, NoInfo: noInfo}}),
				shared: cache.NewMemory(1 << 20),
			}
			f := w.gateway(t)
			var containers, files []string
			for i := range 10 {
				containers = append(containers, fmt.Sprintf("c%d/", i))
				if err := f.Mkdir(t.Context(), vfsPath("/c%d", i)); err != nil {
					t.Fatal(err)
				}
				files = append(files, fmt.Sprintf("f%d", i))
				w.fake(f).mustWrite(t, vfsPath("/c0/d/f%d", i), []byte("x"))
			}
			sees(t, f, "/", "all containers", containers...)
			sees(t, f, "/c0/d", "all files", files...)
			if err := f.Rename(t.Context(), "/c0/d", "/c0/e", vfs.RenameOptions{}); err != nil {
				t.Fatal(err)
			}
			sees(t, f, "/c0/e", "all files, renamed", files...)
		})
	}
}

// TestNoRightToList has a user who may not list the account but may read one container (features
// C8, C9).
func TestNoRightToList(t *testing.T) {
	w := newWorld(t, 7)
	owner := w.fake(w.gateway(t))
	owner.mustWrite(t, "/c/d/f", []byte("x"))
	if err := owner.Mkdir(t.Context(), "/other"); err != nil {
		t.Fatal(err)
	}
	_, err := owner.client.Send(t.Context(), api.Request{
		Method: http.MethodPost, Target: api.Name{Container: "c"}, Header: map[string]string{"X-Container-Read": "test:tester3,.rlistings"},
	})
	if err != nil {
		t.Fatal(err)
	}
	u := swifttest.DefaultUsers()[2]
	f := w.fake(openGateway(t, account{authURL: w.srv.AuthURL(), user: u.Account + ":" + u.Name, key: u.Key}, w.shared, nil))
	sees(t, f, "/", "nothing, which is no error")
	sees(t, f, "/c", "the container that he may read", "d/")
	f.has(t, "/c/d/f", []byte("x"), "and its files")
	statOn(t, []*FS{f.FS}, "/c", nil)
	statOn(t, []*FS{f.FS}, "/other", vfs.ErrPermission)
	w.srv.Inject(swifttest.Rule{Op: swifttest.ListAccount, Fault: swifttest.Fault{Status: http.StatusServiceUnavailable}})
	w.change = func(c *Config) { c.Patience = time.Millisecond }
	if _, err := listAll(t.Context(), w.gateway(t), "/"); err == nil {
		t.Error("a failure to list the account shows an empty one")
	}
}

// TestMarkers has directories of all forms, and a file with the name of a directory (features C3,
// C12).
func TestMarkers(t *testing.T) {
	w := newWorld(t, 3)
	f := w.fake(w.gateway(t))
	dir := map[string]string{"Content-Type": "application/directory"}
	putRaw(t, f.FS, "plain", "", dir)
	putRaw(t, f.FS, "params", "", map[string]string{"Content-Type": "application/directory; charset=UTF-8"})
	putRaw(t, f.FS, "large", "not empty", dir)
	putRaw(t, f.FS, "horizon/", "", map[string]string{"Content-Type": "text/plain"})
	putRaw(t, f.FS, "both", "", dir)
	putRaw(t, f.FS, "both/", "", nil)
	putRaw(t, f.FS, "prefix/below/x", "x", nil)
	putRaw(t, f.FS, "file", "file", nil)
	putRaw(t, f.FS, "file/x", "below", nil)
	putRaw(t, f.FS, "file-", "between", nil)
	sees(t, f, "/c", "each once", "both/", "file", "file-", "horizon/", "large/", "params/", "plain/", "prefix/")
	for _, p := range []vfs.Path{"/c/plain", "/c/params", "/c/large", "/c/horizon", "/c/both"} {
		sees(t, f, p, "an empty directory does not show itself")
		if info, err := f.Stat(t.Context(), p); err != nil || !info.IsDir() || info.Size != 0 {
			t.Errorf("Stat of %s: %+v, %v, want a directory", p, info, err)
		}
		if err := f.Rmdir(t.Context(), p); err != nil {
			t.Errorf("Rmdir of %s: %v", p, err)
		}
		statOn(t, []*FS{f.FS}, p, vfs.ErrNotExist)
	}
	f.has(t, "/c/file", []byte("file"), "the name is the file's")
	f.has(t, "/c/file/x", []byte("below"), "what lies below is reached by its path")
	sees(t, f, "/c/file", "and is listed", "x")
}

// TestHiddenSegments has files in the layout of sftp-cloudfs: the segments are not listed, but can
// be reached by their paths (features F9, F10, C13).
func TestHiddenSegments(t *testing.T) {
	w := newWorld(t, 4)
	f := w.fake(w.gateway(t))
	manifest := func(object, prefix string) {
		putRaw(t, f.FS, object, "", map[string]string{"X-Object-Manifest": prefix})
	}
	for _, base := range []string{"d/slash", "d/bare", "d/100%41", "d/ä"} {
		putRaw(t, f.FS, base+".part/000000", "one ", nil)
		putRaw(t, f.FS, base+".part/000001", "two", nil)
	}
	manifest("d/slash", "c/d/slash.part/")
	manifest("d/bare", "c/d/bare.part")
	manifest("d/100%41", "c/d/100%2541.part")
	manifest("d/ä", "c/d/%C3%A4.part/")
	putRaw(t, f.FS, "d/seg", "", map[string]string{"X-Object-Manifest": "c/d/seg-"})
	putRaw(t, f.FS, "d/seg-0001", "x", nil)
	putRaw(t, f.FS, "d/bare.partial", "a stranger", nil)
	putRaw(t, f.FS, "d/seg-ment", "a stranger", nil)
	putRaw(t, f.FS, "d/zz.part/000000", "of no manifest", nil)
	manifest("d/elsewhere", "other/d/zz.part/")

	visible := []string{"100%41", "bare", "bare.partial", "elsewhere", "seg", "seg-ment", "slash", "zz.part/", "ä"}
	sees(t, f, "/c/d", "files, without their segments", visible...)
	sees(t, f, "/c/d", "again, from what is remembered", visible...)
	sees(t, f, "/c/d/bare.part", "segments by their path", "000000", "000001")
	statOn(t, []*FS{f.FS}, "/c/d/slash.part/000001", nil)
	infos, err := listAll(t.Context(), f, "/c/d")
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if info.Name == "slash" && info.Size != 7 {
			t.Errorf("a file of segments is listed with %d bytes, want 7", info.Size)
		}
	}
	w.change = func(c *Config) { c.HideSegments = false }
	sees(t, w.gateway(t), "/c/d", "with hide_segments = false, all",
		"100%41", "100%41.part/", "bare", "bare.part/", "bare.partial", "elsewhere", "seg", "seg-0001", "seg-ment", "slash", "slash.part/", "zz.part/", "ä", "ä.part/")
}

// TestTimesLimit has a directory with more files than one listing makes HEADs for: the others are
// shown with Swift's time, and the next listing makes HEADs for them.
func TestTimesLimit(t *testing.T) {
	w := newWorld(t, 7)
	w.change = func(c *Config) { c.ListTimesLimit = 5 }
	f := w.fake(w.gateway(t))
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	const files = 12
	for i := range files {
		f.putByOthers(t, vfsPath("/c/f%02d", i), []byte("x"), map[string]string{api.MetaMtime: api.FormatSeconds(long)})
	}
	for i, want := range []struct{ heads, own int }{{5, 5}, {5, 10}, {2, 12}, {0, 12}} {
		w.srv.ForgetRequests()
		infos, err := listAll(t.Context(), f, "/c")
		if err != nil || len(infos) != files {
			t.Fatalf("%d entries (%v), want %d", len(infos), err, files)
		}
		own := 0
		for _, info := range infos {
			if info.ModTime.Equal(long) {
				own++
			}
		}
		if own != want.own {
			t.Errorf("listing %d shows the times of %d files, want %d", i, own, want.own)
		}
		w.asked(t, fmt.Sprintf("listing %d", i), 2, want.heads)
	}
}

// TestListedSizeOfManifests lists dynamic large objects whose manifests have bytes of their own,
// with and without times: the size of the content is shown. There is one HEAD for each version, and
// none for large files.
func TestListedSizeOfManifests(t *testing.T) {
	for _, times := range []bool{true, false} {
		test := func(t *testing.T, a account) {
			f := openFS(t, a, func(c *Config) { c.ListTimes = strconv.FormatBool(times) })
			top := makeContainer(t, f)
			f.putRaw(t, top+"/seg/1", apitest.Noise(1000), nil, nil)
			f.putRaw(t, top+"/seg/2", apitest.Noise(500), nil, nil)
			manifest := map[string]string{"X-Object-Manifest": string(top[1:]) + "/seg/"}
			f.putRaw(t, top+"/empty", nil, nil, manifest)
			f.putRaw(t, top+"/word", []byte("manifest"), nil, manifest)
			f.putRaw(t, top+"/file", []byte("manifest"), nil, nil)
			f.putRaw(t, top+"/large", apitest.Noise(maxManifestBytes+1), nil, nil)
			for range 2 {
				f.forgetChanges() // so that the write log causes no requests
				infos, err := listAll(t.Context(), f, top)
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]int64{}
				for _, info := range infos {
					got[info.Name] = info.Size
				}
				if d := cmp.Diff(map[string]int64{"empty": 1500, "word": 1500, "file": 8, "large": maxManifestBytes + 1}, got); d != "" {
					t.Errorf("sizes (-want +got)\n%s", d)
				}
			}
		}
		t.Run(fmt.Sprintf("fake, times %t", times), func(t *testing.T) {
			srv := swifttest.Start(t, swifttest.Config{})
			test(t, accountIn(srv))
			heads := 0
			for _, r := range srv.Requests() {
				if slices.Contains([]string{"empty", "word", "file", "large"}, r.Object) && r.Op == swifttest.HeadObject {
					heads++
				}
			}
			if want := map[bool]int{true: 4, false: 3}[times]; heads != want {
				t.Errorf("%d files were asked for, want %d", heads, want)
			}
		})
		t.Run(fmt.Sprintf("real, times %t", times), func(t *testing.T) { test(t, realSwift(t)) })
	}
}
