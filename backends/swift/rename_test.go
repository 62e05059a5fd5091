package swift

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// renameCase is a rename of /c/old to /c/new. files are the contents of the files that are moved,
// by the rest of their names.
type renameCase struct {
	name  string
	files map[string][]byte
	make  func(t *testing.T, f *fake)
}

func renameCases() []renameCase {
	small, large := apitest.Noise(1000), apitest.Noise(buffers.BlockSize+1000)
	oneFile := map[string][]byte{"": large}
	tree := map[string][]byte{
		"/a": small, "/b": large, "/sub/c": apitest.Noise(10), "/sub/deep/d": apitest.Noise(2 * buffers.BlockSize), "/sub/deep/empty": {},
		"/dlo": []byte("segments elsewhere"), "/legacy": []byte("segments beside it"), "/zlast": apitest.Noise(100),
	}
	return []renameCase{
		{"large file", oneFile, func(t *testing.T, f *fake) { f.mustWrite(t, "/c/old", large) }},
		{"directory", tree, func(t *testing.T, f *fake) {
			if err := errors.Join(f.Mkdir(t.Context(), "/c/old"), f.Mkdir(t.Context(), "/c/old/nothing")); err != nil {
				t.Fatal(err)
			}
			for rest, data := range tree {
				switch rest {
				case "/dlo":
					f.putDLO(t, vfs.Path("/c/old"+rest), "c_segments/elsewhere/", data)
				case "/legacy":
					f.putDLO(t, vfs.Path("/c/old"+rest), "c/old/legacy.part/", data)
				default:
					f.mustWrite(t, vfs.Path("/c/old"+rest), data)
				}
			}
		}},
		{"prefix", map[string][]byte{"/a": small}, func(t *testing.T, f *fake) { f.mustWrite(t, "/c/old/a", small) }},
	}
}

// putDLO creates a dynamic large object of two segments, as other programs do.
func (f *fake) putDLO(t *testing.T, p vfs.Path, prefix string, data []byte) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	container, object, _ := strings.Cut(prefix, "/")
	at := len(data) / 2
	for i, part := range [][]byte{data[:at], data[at:]} {
		f.putSegment(t, api.Name{Container: container, Object: fmt.Sprintf("%s%06d", object, i)}, part)
	}
	n, err := f.locate(p)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n, Header: map[string]string{"X-Object-Manifest": api.Quote(prefix)}})
	if err != nil {
		t.Fatal(err)
	}
}

func (c renameCase) fake(t *testing.T) *fake {
	f := newFake(t, swifttest.Limits{ListingLimit: 7}, func(cfg *Config) {
		cfg.SegmentSize = buffers.BlockSize
		cfg.Patience = time.Millisecond
		cfg.ResumeRetention = 0
	})
	c.make(t, f)
	return f
}

// whole checks that each file is complete under at least one name, and returns its names.
func (c renameCase) whole(t *testing.T, f *fake, what string) (names []vfs.Path) {
	t.Helper()
	for rest, data := range c.files {
		found := false
		for _, p := range []vfs.Path{vfs.Path("/c/old" + rest), vfs.Path("/c/new" + rest)} {
			got, err := f.read(context.WithoutCancel(t.Context()), p)
			switch {
			case err == nil && slices.Equal(got, data):
				found = true
				names = append(names, p)
			case !errors.Is(err, vfs.ErrNotExist):
				t.Errorf("%s, %q has %d of %d bytes: %v", what, p, len(got), len(data), err)
			}
		}
		if !found {
			t.Errorf("%s, %q is nowhere", what, rest)
		}
	}
	return names
}

// moved checks that everything has the new name and nothing the old one, and that nothing else is
// left.
func (c renameCase) moved(t *testing.T, f *fake, what string) {
	t.Helper()
	for rest, data := range c.files {
		f.has(t, vfs.Path("/c/new"+rest), data, what)
	}
	if _, err := f.Stat(t.Context(), "/c/old"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("%s, the old name is still there: %v", what, err)
	}
	if c.name == "directory" {
		if info, err := f.Stat(t.Context(), "/c/new/nothing"); err != nil || !info.IsDir() {
			t.Errorf("%s, the empty directory is not there: %v", what, err)
		}
	}
	if c.name != "large file" {
		if info, err := f.Stat(t.Context(), "/c/new"); err != nil || !info.IsDir() {
			t.Errorf("%s, the directory is not there: %v", what, err)
		}
	}
	needed := map[string]bool{}
	for rest := range c.files {
		for _, seg := range f.needed(t, api.Name{Account: "", Container: "c", Object: "new" + rest}) {
			needed[seg] = true
		}
	}
	for _, seg := range f.segments(t) {
		if !needed[seg] && !strings.HasPrefix(seg, "elsewhere/") {
			t.Errorf("%s, the segment %q is left over", what, seg)
		}
	}
}

// cuts runs a test for each request of the rename, or for every each-th one: this request and all
// later ones fail, before or after they are carried out.
func (c renameCase) cuts(t *testing.T, each int, test func(t *testing.T, f *fake)) {
	f := c.fake(t)
	f.srv.ForgetRequests()
	if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	c.moved(t, f, "after the rename")
	for i := 0; i < len(f.srv.Requests()); i += each {
		for at, point := range map[string]swifttest.Point{"before": swifttest.AtStart, "after": swifttest.AtAnswer} {
			t.Run(fmt.Sprintf("cut %s request %d", at, i), func(t *testing.T) {
				t.Parallel()
				f := c.fake(t)
				f.srv.Inject(swifttest.Rule{After: i, Fault: swifttest.Fault{At: point, Cut: true}})
				err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{})
				f.srv.Heal()
				if err == nil {
					for _, r := range (object.Renaming{From: api.Name{Account: "", Container: "c", Object: "old"}, To: api.Name{Account: "", Container: "c", Object: "new"}}).Records() {
						// The record may be left.
						if err := f.client.Delete(context.WithoutCancel(t.Context()), r); err != nil {
							t.Error(err)
						}
					}
					c.moved(t, f, "after a rename of which the client was told that it is done")
					return
				}
				c.whole(t, f, "after the cut")
				test(t, f)
			})
		}
	}
}

// TestRenameGoesOn interrupts a rename at every request. Nothing is lost, and the same rename
// finishes it (row G7 of the old servers: a crash left both).
func TestRenameGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range renameCases() {
		t.Run(c.name, func(t *testing.T) {
			c.cuts(t, 1, func(t *testing.T, f *fake) {
				// A directory that is only a prefix does not exist any more after its last file has
				// been moved, and was not recorded if that request failed.
				if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); err != nil {
					t.Errorf("the second rename: %v", err)
				}
				c.moved(t, f, "after the second rename")
			})
		})
	}
}

// TestRenameCutThenRemoved removes one of the names that an interrupted rename has left. The file
// at the other name is complete.
func TestRenameCutThenRemoved(t *testing.T) {
	t.Parallel()
	for _, c := range renameCases() {
		for _, gone := range []string{"/c/old", "/c/new"} {
			t.Run(c.name+"/"+gone, func(t *testing.T) {
				each := 1
				if c.name == "directory" {
					each = 4 // different ones in each run, because several requests run in parallel
				}
				c.cuts(t, each, func(t *testing.T, f *fake) {
					names := c.whole(t, f, "after the cut")
					for _, p := range names {
						other := vfs.Path(strings.Replace(string(p), "/old", "/new", 1))
						if gone == "/c/new" {
							other = vfs.Path(strings.Replace(string(p), "/new", "/old", 1))
						}
						// Only files with both names are removed: others would really be gone.
						if strings.HasPrefix(string(p), gone) && slices.Contains(names, other) != (other == p) {
							if err := f.Remove(t.Context(), p); err != nil {
								t.Errorf("removing %q: %v", p, err)
							}
						}
					}
					c.whole(t, f, "after the removal")
				})
			})
		}
	}
}

// TestRenameCutThenReplaced replaces one of the two names of a large file after an interrupted
// rename.
func TestRenameCutThenReplaced(t *testing.T) {
	t.Parallel()
	c := renameCases()[0]
	for _, p := range []vfs.Path{"/c/old", "/c/new"} {
		t.Run(p.String(), func(t *testing.T) {
			c.cuts(t, 1, func(t *testing.T, f *fake) {
				names := c.whole(t, f, "after the cut")
				if len(names) < 2 {
					return
				}
				data := apitest.Noise(buffers.BlockSize + 5)
				f.mustWrite(t, p, data)
				other := names[0]
				if other == p {
					other = names[1]
				}
				f.has(t, p, data, "it was written")
				f.has(t, other, c.files[""], "the other was written over")
				// A file that was replaced does not belong to the rename any more.
				if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrExist) {
					t.Errorf("the rename goes on over a file that is another now: %v", err)
				}
				for _, p := range names {
					if err := f.Remove(t.Context(), p); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// TestRenameCutThenRenamed renames one of the two names of a large file to a third.
func TestRenameCutThenRenamed(t *testing.T) {
	t.Parallel()
	c := renameCases()[0]
	for _, p := range []vfs.Path{"/c/old", "/c/new"} {
		t.Run(p.String(), func(t *testing.T) {
			c.cuts(t, 1, func(t *testing.T, f *fake) {
				names := c.whole(t, f, "after the cut")
				err := f.Rename(t.Context(), p, "/c/third", vfs.RenameOptions{})
				if len(names) == 2 != errors.Is(err, vfs.ErrUnsupported) || len(names) == 2 && !strings.Contains(vfs.ClientText(err), "not finished") {
					t.Errorf("the file has the names %q, and giving one a third ended with %v", names, err)
				}
				if len(names) == 2 {
					c.whole(t, f, "after the third name was refused")
				}
			})
		})
	}
}

// TestRenameCutDirectoryTaken repeats the rename of a directory after another file has been created
// in the new directory.
func TestRenameCutDirectoryTaken(t *testing.T) {
	c := renameCases()[1]
	f := c.fake(t)
	f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, Object: "old/zlast", Fault: swifttest.Fault{Cut: true}})
	if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrUnavailable) {
		t.Fatalf("the rename was to be cut off: %v", err)
	}
	f.srv.Heal()
	f.mustWrite(t, "/c/new/zlast", []byte("mine"))
	err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{Replace: true})
	if !errors.Is(err, vfs.ErrExist) || !strings.Contains(vfs.ClientText(err), "zlast") {
		t.Errorf("the rename went on over a stranger's file: %v", err)
	}
	f.has(t, "/c/new/zlast", []byte("mine"), "it is a stranger's")
	f.has(t, "/c/old/zlast", c.files["/zlast"], "its new name is taken")
}

// TestRenameRecordLeft finishes a rename except for its record, and then creates other files of the
// same names: the record does not concern them.
func TestRenameRecordLeft(t *testing.T) {
	for _, c := range renameCases()[:2] {
		t.Run(c.name, func(t *testing.T) {
			f := c.fake(t)
			f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Container: "c_segments", Object: ".renames/", Fault: swifttest.Fault{Cut: true}})
			if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); err != nil {
				t.Fatal(err)
			}
			f.srv.Heal()
			c.make(t, f)
			if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrExist) {
				if c.name == "directory" || err != nil {
					t.Errorf("a rename onto what is there: %v, want %v", err, vfs.ErrExist)
				}
			}
		})
	}
}

// TestRenameLegacy checks row G4: the manifest of a dynamic large object stays a manifest, and its
// segments stay where they are.
func TestRenameLegacy(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	content := []byte("a file of sftp-cloudfs")
	f.putDLO(t, "/c/file", "c/file.part/", content)
	if err := f.Rename(t.Context(), "/c/file", "/c/other", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/other", content, "it was renamed")
	o, err := f.client.Head(t.Context(), api.Name{Account: "", Container: "c", Object: "other"})
	if err != nil || o.DLO != "c/file.part/" {
		t.Errorf("the manifest is %q, %v", o.DLO, err)
	}
	if got, want := f.objectsIn(t, "c"), []string{"file.part/000000", "file.part/000001", "other"}; !slices.Equal(got, want) {
		t.Errorf("the container has %q, want %q", got, want)
	}
}

// TestRenameProgress checks that the log shows how far the rename of a directory is, and whether it
// was interrupted.
func TestRenameProgress(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = time.Millisecond })
	for i := range 10 {
		f.mustWrite(t, vfsPath("/c/old/%d", i), []byte("x"))
	}
	var lines bytes.Buffer
	f.log = slog.New(slog.NewTextHandler(&lines, nil))
	heal := f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, After: 5, Fault: swifttest.Fault{Status: http.StatusServiceUnavailable}})
	if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); err == nil {
		t.Error("a rename of which half has failed succeeds")
	}
	heal()
	if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"directory rename cut off; the same rename goes on with it", "directory rename under way"} {
		if !regexp.MustCompile(regexp.QuoteMeta(want) + `.* from=/c/old to=/c/new moved=\d+`).MatchString(lines.String()) {
			t.Errorf("the log does not tell %q:\n%s", want, lines.String())
		}
	}
}

// TestRenameContainer checks row G6: the rename keeps the access lists, metadata and policy of a
// container, and a container that is not empty is not renamed.
func TestRenameContainer(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	kept := map[string]string{"X-Container-Read": "test2", "X-Container-Write": "test2:tester2", "X-Container-Meta-Colour": "blue", "X-Container-Meta-Quota-Bytes": "1000"}
	_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPost, Target: api.Name{Container: "c"}, Header: maps.Clone(kept)})
	if err != nil {
		t.Fatal(err)
	}
	f.mustWrite(t, "/c/file", []byte("x"))
	if err := f.Rename(t.Context(), "/c", "/d", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("a container with something in it was renamed: %v", err)
	}
	for _, pair := range [][2]vfs.Path{{"/c", "/c2/dir"}, {"/c/file", "/d"}} {
		if err := f.Rename(t.Context(), pair[0], pair[1], vfs.RenameOptions{}); err == nil {
			t.Errorf("%q became %q", pair[0], pair[1])
		}
	}
	if err := f.Remove(t.Context(), "/c/file"); err != nil {
		t.Fatal(err)
	}
	if err := f.Rename(t.Context(), "/c", "/d", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	resp, err := f.client.Send(t.Context(), api.Request{Method: http.MethodHead, Target: api.Name{Container: "d"}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range kept {
		if got := resp.Header.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if _, err := f.Stat(t.Context(), "/c"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("the old container is still there: %v", err)
	}
}

// TestRenameContainerFilled creates a file in a container while it is being renamed.
func TestRenameContainerFilled(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutContainer, Container: "d", Fault: swifttest.Fault{At: swifttest.AtAnswer, Call: func() {
		f.mustWrite(t, "/c/file", []byte("x"))
	}}})
	if err := f.Rename(t.Context(), "/c", "/d", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("Rename: %v", err)
	}
	f.has(t, "/c/file", []byte("x"), "the container was not empty")
	if _, err := f.Stat(t.Context(), "/d"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("the new container is there: %v", err)
	}
}

// TestRenameAtOnce has two clients rename a large file to different names at the same time: both
// look for records before either has written one, and both copy the manifest. Afterwards neither
// file needs the other's segments.
func TestRenameAtOnce(t *testing.T) {
	for _, gone := range []vfs.Path{"/c/new", "/c/two"} {
		c := renameCases()[0]
		f := c.fake(t)
		ctx := context.WithoutCancel(t.Context())
		two := openGateway(t, accountIn(f.srv), cache.NewMemory(1<<20), func(cfg *Config) { cfg.SegmentSize = buffers.BlockSize })
		copied, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Object: ".renames/", Times: 1, Fault: swifttest.Fault{Call: func() {
			f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Object: "old", Times: 1, Fault: swifttest.Fault{Call: func() { close(copied) }, Stall: goOn}})
			go func() { done <- two.Rename(ctx, "/c/old", "/c/two", vfs.RenameOptions{}) }()
			<-copied
		}}})
		first := f.Rename(ctx, "/c/old", "/c/new", vfs.RenameOptions{})
		close(goOn)
		if second := <-done; first != nil || second != nil {
			t.Errorf("the renames end with %v and %v", first, second)
		}
		f.srv.Heal()
		for _, p := range []vfs.Path{"/c/new", "/c/two"} {
			f.has(t, p, c.files[""], "two have renamed the file at once")
		}
		if err := f.Remove(ctx, gone); err != nil {
			t.Fatal(err)
		}
		rest := vfs.Path("/c/two")
		if gone == rest {
			rest = "/c/new"
		}
		f.has(t, rest, c.files[""], "the other name that it had got was removed")
		f.tidy(t, rest)
	}
}

// TestRemoveAtOnce removes a large file while another client renames it. If the DELETE of the
// removal is later, Remove returns ErrNotExist; if that of the rename is later, the renamed file
// gets content of its own.
func TestRemoveAtOnce(t *testing.T) {
	c := renameCases()[0]
	t.Run("rename first", func(t *testing.T) {
		f := c.fake(t)
		ctx := context.WithoutCancel(t.Context())
		f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Object: "old", Times: 1, Fault: swifttest.Fault{Call: func() {
			if err := f.Rename(ctx, "/c/old", "/c/new", vfs.RenameOptions{}); err != nil {
				t.Error(err)
			}
		}}})
		if err := f.Remove(ctx, "/c/old"); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("removing what has another name by now: %v", err)
		}
		c.moved(t, f, "after a removal that came late")
	})
	t.Run("removal first", func(t *testing.T) {
		f := c.fake(t)
		ctx := context.WithoutCancel(t.Context())
		f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Object: "old", Times: 1, Fault: swifttest.Fault{Call: func() {
			if err := f.Remove(ctx, "/c/old"); err != nil {
				t.Error(err)
			}
		}}})
		if err := f.Rename(ctx, "/c/old", "/c/new", vfs.RenameOptions{}); err != nil {
			t.Errorf("renaming what was removed when it had both names: %v", err)
		}
		f.has(t, "/c/new", c.files[""], "the rename was told to be done")
	})
}
