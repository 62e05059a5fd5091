package swift

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestQuota announces the sizes of uploads, of which some exceed the quota. Those are refused when
// they are opened, before anything is sent; also if the user may not request the account, or not
// the container. If the user may request neither, Swift decides.
func TestQuota(t *testing.T) {
	t.Parallel()
	const segment = buffers.BlockSize
	refuse := func(op swifttest.Op) swifttest.Rule {
		return swifttest.Rule{Op: op, Fault: swifttest.Fault{Status: http.StatusForbidden}}
	}
	type story struct {
		name               string
		account, container int64 // the quotas; 0: none
		refused            []swifttest.Rule
		opts               vfs.WriteOptions
		size               int64
		fits               bool
	}
	change := vfs.WriteOptions{Create: true, Offset: vfs.AtEnd}
	for _, s := range []story{
		{name: "no quota", opts: replace, size: 100 * segment, fits: true},
		{name: "container", container: 4 * segment, opts: replace, size: 4*segment + 1},
		{name: "container leaves it", container: 4 * segment, opts: replace, size: 4 * segment, fits: true},
		{name: "account", account: 4 * segment, opts: replace, size: 4*segment + 1},
		{name: "account leaves less", account: 3 * segment, container: 8 * segment, opts: replace, size: 4 * segment},
		{name: "container leaves less", account: 8 * segment, container: 3 * segment, opts: replace, size: 4 * segment},
		{name: "account not to be asked", account: 100 * segment, container: 4 * segment, refused: []swifttest.Rule{refuse(swifttest.HeadAccount)}, opts: replace, size: 5 * segment},
		{name: "container not to be asked", account: 4 * segment, refused: []swifttest.Rule{refuse(swifttest.HeadContainer)}, opts: replace, size: 5 * segment},
		{
			name: "neither to be asked", account: 4 * segment, container: 4 * segment,
			refused: []swifttest.Rule{refuse(swifttest.HeadAccount), refuse(swifttest.HeadContainer)}, opts: replace, size: 5 * segment, fits: true,
		},
		{name: "nothing to append to", account: 4 * segment, opts: change, size: 5 * segment},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize = segment })
			f.quotas(t, s.account, s.container)
			for _, rule := range s.refused {
				f.srv.Inject(rule)
			}
			s.opts.Size = s.size
			f.announces(t, "/c/file", s.opts, s.fits)
		})
	}
}

// TestQuotaOfMore resumes an interrupted upload, and appends to a file. The bytes that exist
// already count in the quota only once.
func TestQuotaOfMore(t *testing.T) {
	t.Parallel()
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize = buffers.BlockSize })
	const have, more = 2 * mib, mib
	f.cutOff(t, "/c/cut", apitest.Noise(have))
	f.mustWrite(t, "/c/file", apitest.Noise(have))
	space, err := f.StatSpace(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	f.quotas(t, space.Used+more, 0)
	for _, p := range []vfs.Path{"/c/cut", "/c/file"} {
		f.announces(t, p, vfs.WriteOptions{Create: true, Offset: have, Size: have + more}, true)
		f.announces(t, p, vfs.WriteOptions{Create: true, Offset: have, Size: have + more + 1}, false)
		f.announces(t, p, vfs.WriteOptions{Create: true, Truncate: true, Size: have + more}, false)
	}
}

// TestQuotaOfCopies makes copies that exceed the quota: nothing of them is begun, and the files at
// the new names stay.
func TestQuotaOfCopies(t *testing.T) {
	t.Parallel()
	old := apitest.Noise(1000)
	for _, quotas := range [][2]int64{{5 * mib, 0}, {0, 5 * mib}} {
		f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize = buffers.BlockSize })
		f.mustWrite(t, "/c/file", apitest.Noise(3*mib))
		f.quotas(t, quotas[0], 0)
		if err := f.Mkdir(t.Context(), "/d"); err != nil {
			t.Fatal(err)
		}
		f.mustWrite(t, "/d/old", old)
		f.quotaOf(t, "d", quotas[1]/2)
		f.srv.ForgetRequests()
		err := f.Copy(t.Context(), "/c/file", "/d/old", vfs.CopyOptions{Replace: true})
		if !errors.Is(err, vfs.ErrQuota) || !strings.Contains(vfs.ClientText(err), "quota") {
			t.Errorf("a copy that does not fit: %v, want a word about the quota", err)
		}
		if n := f.srv.Count(swifttest.CopyObject); n > 0 {
			t.Errorf("%d objects were copied for one that was refused", n)
		}
		f.has(t, "/d/old", old, "it was to be replaced by a copy that was refused")
	}
}

// TestQuotaOfSegments puts files of unknown size into a container with a quota, whose segments
// Swift does not count. A file is accepted while any space is left, unless it is larger than the
// whole quota. It is refused while it is written, or at Commit, and leaves nothing. Existing
// segments count in the space that is reported.
func TestQuotaOfSegments(t *testing.T) {
	t.Parallel()
	for _, form := range []string{largeSLO, "dlo in the container for segments"} {
		limits := swifttest.Limits{}
		if form != largeSLO {
			limits.NoSLO = true
		}
		f := newFake(t, limits, nil)
		f.quotaOf(t, "c", 10*mib)
		space := func(used int64) {
			t.Helper()
			const manifests = 10 * kib
			got, err := f.StatSpace(t.Context(), "/c/x")
			if err != nil || got.Total != 10*mib || got.Used < used || got.Used > used+manifests || got.Free != max(got.Total-got.Used, 0) {
				t.Errorf("%s: the space is %+v, %v, want %d bytes used of %d", form, got, err, used, 10*mib)
			}
		}
		refused := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, vfs.ErrQuota) || !strings.Contains(vfs.ClientText(err), "quota") {
				t.Errorf("%s: %s: %v, want a word about the quota", form, what, err)
			}
		}
		space(0)
		four := apitest.Noise(4 * mib)
		endless := func(what string) {
			t.Helper()
			w := f.openWriter(t, "/c/endless", replace)
			defer w.Close()
			var written int64
			var err error
			for ; err == nil && written < 100*mib; written += mib {
				_, err = w.WriteAt(four[:mib], written)
			}
			refused(what, err)
			w.Close()
			if _, err := f.Stat(t.Context(), "/c/endless"); !errors.Is(err, vfs.ErrNotExist) {
				t.Errorf("%s: %s: what was refused is there: %v", form, what, err)
			}
		}
		endless("a file without an end")
		space(0)
		_, err := f.write(t.Context(), "/c/a", apitest.Noise(11*mib), replace)
		refused("a file that is larger than the quota", err)
		space(0)
		for i, p := range []vfs.Path{"/c/a", "/c/b", "/c/d"} {
			f.mustWrite(t, p, four)
			space(int64(i+1) * 4 * mib)
		}
		_, err = f.write(t.Context(), "/c/e", four, replace)
		refused("a file where the quota leaves nothing", err)
		_, err = f.write(t.Context(), "/c/a", four, vfs.WriteOptions{Offset: vfs.AtEnd})
		refused("more of a file where the quota leaves nothing", err)
		f.has(t, "/c/a", four, "what was to be appended was refused")
		endless("a file without an end where the quota leaves nothing")
		space(12 * mib)
		if _, err := f.OpenWriter(t.Context(), "/c/f", vfs.WriteOptions{Create: true, Truncate: true, Size: 2 * mib}); !errors.Is(err, vfs.ErrQuota) {
			t.Errorf("%s: a file of known size is opened: %v, want %v", form, err, vfs.ErrQuota)
		}
	}
}

// TestQuotaOfMoves renames a large file into a container with a quota, where Swift would count only
// the manifest.
func TestQuotaOfMoves(t *testing.T) {
	t.Parallel()
	f := newFake(t, swifttest.Limits{}, nil)
	if err := f.Mkdir(t.Context(), "/d"); err != nil {
		t.Fatal(err)
	}
	large := apitest.Noise(3 * mib)
	f.mustWrite(t, "/c/large", large)
	f.quotaOf(t, "d", 2*mib)
	if err := f.Rename(t.Context(), "/c/large", "/d/large", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrQuota) {
		t.Errorf("a large file moved into a small container: %v, want %v", err, vfs.ErrQuota)
	}
	f.has(t, "/c/large", large, "it was not to be moved")
	f.quotaOf(t, "d", 4*mib)
	if err := f.Rename(t.Context(), "/c/large", "/d/large", vfs.RenameOptions{}); err != nil {
		t.Error(err)
	}
}

// TestQuotaOfSmallFiles fills a container with segments, and then writes small files in the same
// session.
func TestQuotaOfSmallFiles(t *testing.T) {
	t.Parallel()
	f := newFake(t, swifttest.Limits{}, nil)
	f.quotaOf(t, "c", 4*mib)
	f.mustWrite(t, "/c/large", apitest.Noise(4*mib-100*kib))
	f.mustWrite(t, "/c/small", apitest.Noise(50*kib))
	if _, err := f.write(t.Context(), "/c/small2", apitest.Noise(60*kib), replace); !errors.Is(err, vfs.ErrQuota) {
		t.Errorf("a small file beside segments that leave it no room: %v, want %v", err, vfs.ErrQuota)
	}
}

// quotas sets the quotas of the account and of the container, in bytes.
func (f *fake) quotas(t *testing.T, account, container int64) {
	t.Helper()
	if account > 0 {
		if err := f.srv.SetAccountQuota(swifttest.DefaultUsers()[0].Account, account); err != nil {
			t.Fatal(err)
		}
	}
	f.quotaOf(t, "c", container)
}

// quotaOf sets the quota of a container, in bytes; 0: none.
func (f *fake) quotaOf(t *testing.T, container string, bytes int64) {
	t.Helper()
	if bytes > 0 {
		header := map[string]string{"X-Container-Meta-Quota-Bytes": strconv.FormatInt(bytes, 10)}
		if _, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPost, Target: api.Name{Container: container}, Header: header}); err != nil {
			t.Fatal(err)
		}
	}
}

// announces opens a file for writing without writing.
func (f *fake) announces(t *testing.T, p vfs.Path, opts vfs.WriteOptions, fits bool) {
	t.Helper()
	f.srv.ForgetRequests()
	w, err := f.OpenWriter(t.Context(), p, opts)
	if err == nil {
		defer w.Close()
	}
	switch {
	case fits && err != nil:
		t.Errorf("%q with %d bytes, which fit: %v", p, opts.Size, err)
	case !fits && (!errors.Is(err, vfs.ErrQuota) || !strings.Contains(err.Error(), "quota")):
		t.Errorf("%q with %d bytes, which do not fit: %v, want a word about the quota", p, opts.Size, err)
	}
	if n := f.srv.Count(swifttest.PutObject); n > 0 && !fits {
		t.Errorf("%d objects were put for %q, which was refused", n, p)
	}
}
