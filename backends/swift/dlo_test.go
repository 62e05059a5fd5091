package swift

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

func newDLO(t *testing.T, limits swifttest.Limits) *fake {
	return newFake(t, limits, func(c *Config) {
		c.SegmentSize, c.MaxSegmentSize, c.LargeObjects = buffers.BlockSize, buffers.BlockSize, largeDLO
	})
}

func (f *fake) putObject(t *testing.T, object string, data []byte, header map[string]string) {
	t.Helper()
	body := api.Pieces{data}
	_, err := f.client.Send(t.Context(), api.Request{
		Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: object}, Body: body.Reader(), Length: body.Len(), Header: header,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// oldServers writes a large file as sftp-cloudfs does: with numbered parts below a prefix that does
// not end in a slash.
func (f *fake) oldServers(t *testing.T, object, dir string, data []byte) {
	t.Helper()
	i := byte('0')
	for part := range slices.Chunk(data, buffers.BlockSize) {
		f.putObject(t, dir+"/00000"+string(i), part, nil)
		i++
	}
	f.putObject(t, object, nil, map[string]string{"X-Object-Manifest": "c/" + dir})
	f.has(t, vfs.Path("/c/"+object), data, "the layout of the old servers is read")
}

// TestDLOLayout checks how large files are stored for the old servers: each upload has a prefix of
// its own, which ends in a slash.
func TestDLOLayout(t *testing.T) {
	f := newDLO(t, swifttest.Limits{})
	data := apitest.Noise(3*buffers.BlockSize + 1000)
	f.mustWrite(t, "/c/dir/file", data)
	o, err := f.client.Head(t.Context(), api.Name{Account: "", Container: "c", Object: "dir/file"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(o.DLO, "c/dir/file.part/") || !strings.HasSuffix(o.DLO, "/") {
		t.Errorf("the manifest is %q, want a prefix in c/dir/file.part/ that ends in a slash", o.DLO)
	}
	f.putObject(t, "dir/file.partial", []byte("a stranger"), nil)
	f.putObject(t, "dir/file.part2/000000", []byte("a stranger"), nil)
	f.has(t, "/c/dir/file", data, "a name that begins alike is not a part of the file (row F3)")

	for _, size := range []int{2*buffers.BlockSize + 1, 10, 4 * buffers.BlockSize} {
		shorter := apitest.Noise(size)
		f.mustWrite(t, "/c/dir/file", shorter)
		f.has(t, "/c/dir/file", shorter, "nothing of an old upload is left in the file (row F4)")
		f.tidy(t, "/c/dir/file")
	}
	if err := f.Remove(t.Context(), "/c/dir/file"); err != nil {
		t.Fatal(err)
	}
	// Remove has created an object for the directory.
	want := []string{"dir", "dir/file.part2/000000", "dir/file.partial"}
	if diff := cmp.Diff(want, f.objectsIn(t, "c")); diff != "" {
		t.Errorf("a file's removal takes its segments and no others (-want +got):\n%s", diff)
	}
}

// TestDLOOverOldServers replaces a file of the old servers. An object below its prefix would become
// a part of it at once.
func TestDLOOverOldServers(t *testing.T) {
	for _, size := range []int{10, 2*buffers.BlockSize + 10} {
		f := newDLO(t, swifttest.Limits{})
		old, data := apitest.Noise(3*buffers.BlockSize-5), apitest.Noise(size)
		f.oldServers(t, "file", "file.part", old)
		f.putObject(t, "file.partial", []byte("a stranger"), nil)
		w := f.openWriter(t, "/c/file", replace)
		writeAt(t, w, data, 0)
		w.Spill()
		if err := w.WaitSent(t.Context()); err != nil {
			t.Fatal(err)
		}
		o, err := f.client.Head(t.Context(), api.Name{Account: "", Container: "c", Object: "file"})
		// The size includes that of the other object, because the old servers' prefix does.
		if err != nil || o.Size != int64(len(old))+10 {
			t.Errorf("the file that is being replaced has %d bytes, %v; want the old %d (row F6)", o.Size, err, len(old)+10)
		}
		mustCommit(t, w)
		f.has(t, "/c/file", data, "a file of the old servers is replaced as any other")
		f.tidy(t, "/c/file")
		left := slices.DeleteFunc(f.objectsIn(t, "c"), object.IsOwnPart)
		if diff := cmp.Diff([]string{"file", "file.partial"}, left); diff != "" {
			t.Errorf("of the replaced file exactly its parts are deleted (-want +got):\n%s", diff)
		}
	}
}

// TestDLOBesideRenamed has a file that the old servers have renamed: its segments keep the old name
// (rows F2 and F5).
func TestDLOBesideRenamed(t *testing.T) {
	f := newDLO(t, swifttest.Limits{})
	first, second := apitest.Noise(2*buffers.BlockSize+5), apitest.Noise(3*buffers.BlockSize)
	f.oldServers(t, "renamed", "file.part", first)
	for range 3 {
		f.mustWrite(t, "/c/file", second)
		f.has(t, "/c/renamed", first, "a file keeps its parts whatever is written to its old name")
		f.has(t, "/c/file", second, "and they do not get into that")
	}
	if err := f.Rename(t.Context(), "/c/file", "/c/other", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.mustWrite(t, "/c/file", first)
	f.has(t, "/c/other", second, "nor do they by our own rename")
	for _, p := range []vfs.Path{"/c/other", "/c/file"} {
		if err := f.Remove(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{}, f.segments(t), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("segments are left of files that are gone (-want +got):\n%s", diff)
	}
	f.has(t, "/c/renamed", first, "a removal takes nobody else's parts")
}

// TestFormsMeet changes a file of each form through a gateway that writes the other form.
func TestFormsMeet(t *testing.T) {
	for _, from := range []string{largeSLO, largeDLO} {
		for name, opts := range map[string]vfs.WriteOptions{"replaced": replace, "changed": {}, "appended to": {Offset: vfs.AtEnd}} {
			t.Run(from+" "+name, func(t *testing.T) {
				f := newFake(t, swifttest.Limits{}, func(c *Config) {
					c.SegmentSize, c.MaxSegmentSize, c.LargeObjects = buffers.BlockSize, buffers.BlockSize, from
				})
				to := openFS(t, accountIn(f.srv), func(c *Config) {
					c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, buffers.BlockSize
					if from == largeSLO {
						c.LargeObjects = largeDLO
					}
				})
				content := apitest.Noise(4*buffers.BlockSize + 1000)
				f.mustWrite(t, "/c/file", content)
				w, err := to.OpenWriter(t.Context(), "/c/file", opts)
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				data := apitest.Noise(2*buffers.BlockSize + 5)
				switch {
				case opts.Truncate:
					content = data
				case opts.Offset == vfs.AtEnd:
					content = append(content, data...)
				default:
					copy(content, data)
				}
				if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
					t.Fatal(err)
				}
				mustCommit(t, w)
				f.has(t, "/c/file", content, "the form of the old version does not matter")
				f.tidy(t, "/c/file")
				f.digestsHold(t, "/c/file", content)
				f.mustWrite(t, "/c/file", data)
				f.has(t, "/c/file", data, "nor does it the other way round")
				f.tidy(t, "/c/file")
			})
		}
	}
}

// TestDLOListedLate has a Swift whose listings lag: a dynamic large object consists only of the
// segments that are listed.
func TestDLOListedLate(t *testing.T) {
	t.Parallel()
	for _, limits := range []swifttest.Limits{{}, {NoSLO: true}} {
		f := newFake(t, limits, func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.LargeObjects, c.Patience = buffers.BlockSize, buffers.BlockSize, largeDLO, 10*time.Second
		})
		old, data := apitest.Noise(2*buffers.BlockSize+5), apitest.Noise(3*buffers.BlockSize+7)
		f.mustWrite(t, "/c/file", old)
		f.srv.ListingLag(300 * time.Millisecond)
		f.mustWrite(t, "/c/file", data)
		f.has(t, "/c/file", data, "a file is published when all of it is listed")

		f.srv.ListingLag(time.Hour)
		f.client.Patience = 300 * time.Millisecond
		if _, err := f.write(t.Context(), "/c/file", old, replace); vfs.Kind(err) != vfs.ErrUnavailable {
			t.Errorf("Commit with segments that are not listed: %v, want %v", err, vfs.ErrUnavailable)
		}
		f.has(t, "/c/file", data, "the old content stays where the new one is not listed")
		f.srv.ListingLag(0)
		f.tidy(t, "/c/file")
	}
}

// TestSLOThatIsNone has a Swift that has no static large objects and does not report it. It would
// store the manifest as the content.
func TestSLOThatIsNone(t *testing.T) {
	f := newFake(t, swifttest.Limits{NoSLO: true, NoInfo: true}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize, c.Patience = buffers.BlockSize, buffers.BlockSize, 0 })
	old := apitest.Noise(1000)
	f.mustWrite(t, "/c/file", old)
	if _, err := f.write(t.Context(), "/c/file", apitest.Noise(3*buffers.BlockSize), replace); err == nil {
		t.Error("a large file is stored in a Swift that has none")
	}
	f.has(t, "/c/file", old, "a manifest is not a content")
	f.tidy(t, "/c/file")
}

// TestOwnPartsHidden lists directories with filegate's own segments, in the layout of the old
// servers (features F9, F10): only the files of users are listed.
func TestOwnPartsHidden(t *testing.T) {
	f := newDLO(t, swifttest.Limits{})
	ctx, data := t.Context(), apitest.Noise(2*buffers.BlockSize+5)
	f.mustWrite(t, "/c/d/file", data)
	parts := func(dir vfs.Path) (found []string) {
		for _, n := range listNames(t, f, dir) {
			if strings.HasSuffix(n, ".part/") {
				found = append(found, n)
			}
		}
		return found
	}
	f.forgetChanges() // so that the write log causes no requests
	listNames(t, f, "/c/d")
	f.srv.ForgetRequests()
	sees(t, f, "/c/d", "a file, without its segments", "file")
	for _, r := range f.srv.Requests() {
		if r.Op == swifttest.ListContainer && strings.Contains(r.Query, "file.part") {
			t.Errorf("a listing was made of the segments, %s: the manifest explains what to hide", r.Query)
		}
	}
	// Some of the file's later names are listed after its segments, and some are in other
	// directories.
	last := vfs.Path("/c/d/file")
	for _, p := range []vfs.Path{"/c/d/zz", "/c/d/aa", "/c/e/file"} {
		f.knowParent(p)
		if err := f.Rename(ctx, last, p, vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := parts("/c/d"); got != nil {
			t.Errorf("the file is called %s, and %q are listed", p, got)
		}
		last = p
	}
	if err := f.Rmdir(ctx, "/c/d"); !errors.Is(err, vfs.ErrNotEmpty) || !strings.Contains(vfs.ClientText(err), "parts of large files") {
		t.Errorf("a directory that only looks empty is removed: %v; want a word about what is in it", err)
	}
	f.has(t, last, data, "its parts are still there")
	if got := listNames(t, f, "/c/d/file.part"); len(got) != 1 {
		t.Errorf("by their path %q are seen, want the one upload", got)
	}
	f.cutOff(t, "/c/d/cut", apitest.Noise(5*buffers.BlockSize))
	sees(t, f, "/c/d", "an upload that was cut off, without its segments", "cut")

	// Objects of other programs beside them are not hidden.
	f.putObject(t, "d/file.part/mine", []byte("x"), nil)
	sees(t, f, "/c/d", "a directory with something else in it", "cut", "file.part/")
	f.hideSegments = false
	if got := parts("/c/d"); len(got) != 2 {
		t.Errorf("with hide_segments = false %q are listed, want both", got)
	}
}
