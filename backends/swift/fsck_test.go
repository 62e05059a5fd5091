package swift

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// searched is the result of one search for errors.
type searched struct {
	found []vfs.Finding
	notes []string
	done  int64
}

// fsck searches the account for errors.
func (f *FS) fsck(ctx context.Context, opts vfs.FsckOptions) (searched, error) {
	var s searched
	opts.Found = func(f vfs.Finding) error {
		s.found = append(s.found, f)
		return nil
	}
	opts.Note = func(text string) { s.notes = append(s.notes, text) }
	opts.Progress = func(done, _ int64) { s.done = done }
	if opts.Age == 0 {
		opts.Age = -time.Hour // judge what was stored just now
	}
	err := f.Fsck(ctx, opts)
	return s, err
}

func (f *FS) mustFsck(t *testing.T, opts vfs.FsckOptions) searched {
	t.Helper()
	s, err := f.fsck(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines returns the findings as "kind name", with a plus for repaired ones.
func (s searched) lines() []string {
	var all []string
	for _, f := range s.found {
		line := f.Kind + " " + f.Name
		if f.Repaired {
			line += " +"
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func (s searched) wants(t *testing.T, rule string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.lines(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: the findings are wrong (-want +got):\n%s", rule, diff)
		for _, f := range s.found {
			t.Logf("%s %s: %s", f.Kind, f.Name, f.Text)
		}
		t.Logf("notes: %q", s.notes)
	}
}

// putSLO puts a static large object of segments that are stored already.
func (f *fake) putSLO(t *testing.T, n api.Name, segments map[string][]byte) {
	t.Helper()
	var names []string
	for seg, content := range segments {
		s, _ := api.ParseName("", seg)
		f.putSegment(t, s, content)
		names = append(names, seg)
	}
	slices.Sort(names)
	var entries []map[string]any
	for _, seg := range names {
		entries = append(entries, map[string]any{"path": seg})
	}
	body, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client.Send(t.Context(), api.Request{
		Method: http.MethodPut, Target: n, Query: url.Values{"multipart-manifest": {"put"}}, Body: api.Pieces{body}.Reader(), Length: int64(len(body)),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fake) putPrefix(t *testing.T, object, prefix string) {
	t.Helper()
	_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: api.Name{Container: "c", Object: object}, Header: map[string]string{"X-Object-Manifest": api.Quote(prefix)}})
	if err != nil {
		t.Fatal(err)
	}
}

// legacyParts stores the parts of a file in the layout of sftp-cloudfs.
func (f *fake) legacyParts(t *testing.T, file string, sizes ...int) {
	t.Helper()
	for i, size := range sizes {
		f.putSegment(t, api.Name{Container: "c", Object: fmt.Sprintf("%s.part/%06d", file, i)}, bytes.Repeat([]byte{byte(i)}, size))
	}
}

const (
	swiftclientDLO = "big/1500000000.000000/2/1/"
	swiftclientSLO = "big/slo/1500000000.000000/2/1/"
	rcloneDLO      = "big/1500000000.123456789/2"
)

// TestFsckHealthy stores files in the layouts of all programs. None of them is an error, and
// a repair changes nothing.
func TestFsckHealthy(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, f *fake)
	}{
		{"filegate", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/small", []byte("x"))
			f.mustWrite(t, "/c/empty", nil)
			f.mustWrite(t, "/c/large", apitest.Noise(3*mib))
			f.mustWrite(t, "/c/old", apitest.Noise(3*mib))
			if _, err := f.write(t.Context(), "/c/large", []byte("more"), vfs.WriteOptions{Offset: vfs.AtEnd}); err != nil {
				t.Fatal(err)
			}
			if err := f.Mkdir(t.Context(), "/d"); err != nil {
				t.Fatal(err)
			}
			if err := f.Rename(t.Context(), "/c/old", "/d/new", vfs.RenameOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := f.Mkdir(t.Context(), "/c/dir"); err != nil {
				t.Fatal(err)
			}
		}},
		{"filegate, a copy", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/large", apitest.Noise(3*mib))
			if err := f.Copy(t.Context(), "/c/large", "/c/copy", vfs.CopyOptions{}); err != nil {
				t.Fatal(err)
			}
		}},
		{"swiftclient, DLO", func(t *testing.T, f *fake) { f.putDLO(t, "/c/big", "c_segments/"+swiftclientDLO, []byte("ab")) }},
		{"swiftclient, SLO", func(t *testing.T, f *fake) {
			f.putSLO(t, api.Name{Container: "c", Object: "big"}, map[string][]byte{
				"/c_segments/" + swiftclientSLO + "00000000": []byte("a"), "/c_segments/" + swiftclientSLO + "00000001": []byte("b"),
			})
		}},
		{"swiftclient, other container", func(t *testing.T, f *fake) { f.putDLO(t, "/c/big", "parts/"+swiftclientDLO, []byte("ab")) }},
		{"rclone", func(t *testing.T, f *fake) {
			f.putSegment(t, api.Name{Container: "c_segments", Object: rcloneDLO + "/00000000"}, []byte("a"))
			f.putSegment(t, api.Name{Container: "c_segments", Object: rcloneDLO + "/00000001"}, []byte("b"))
			f.putPrefix(t, "big", "c_segments/"+rcloneDLO)
		}},
		{"rclone of today", func(t *testing.T, f *fake) {
			const place = "big/2026-12-01-043001-0OTjG4VDrzu0S_NPrxXFwg"
			f.putSegment(t, api.Name{Container: "c_segments", Object: place + "/00000000"}, []byte("a"))
			f.putSegment(t, api.Name{Container: "c_segments", Object: place + "/00000001"}, []byte("b"))
			f.putPrefix(t, "big", "c_segments/"+place)
		}},
		{"rclone, segments beside", func(t *testing.T, f *fake) {
			f.putSegment(t, api.Name{Container: "c", Object: ".file-segments/" + rcloneDLO + "/00000000"}, []byte("a"))
			f.putSegment(t, api.Name{Container: "c", Object: ".file-segments/" + rcloneDLO + "/00000001"}, []byte("b"))
			f.putPrefix(t, "big", "c/.file-segments/"+rcloneDLO)
		}},
		{"sftp-cloudfs", func(t *testing.T, f *fake) {
			f.legacyParts(t, "big", 5, 5, 3)
			f.putPrefix(t, "big", "c/big.part")
			f.legacyParts(t, "other_01", 5, 3)
			f.putPrefix(t, "other", "c/other_01.part")
			f.mustWrite(t, "/c/big.part-list", []byte("x")) // its name begins with big.part
			f.mustWrite(t, "/c/unrelated", []byte("x"))
		}},
		{"S3", func(t *testing.T, f *fake) {
			f.putSLO(t, api.Name{Container: "c", Object: "big"}, map[string][]byte{"/c+segments/big/VXBsb2FkIElEIGZvciBlbHZ/1": []byte("a"), "/c+segments/big/VXBsb2FkIElEIGZvciBlbHZ/2": []byte("b")})
			f.putSegment(t, api.Name{Container: "c+segments", Object: "running/VXBsb2FkIElEIGZvciBlbHZ"}, nil)
			f.putSegment(t, api.Name{Container: "c+segments", Object: "running/VXBsb2FkIElEIGZvciBlbHZ/1"}, []byte("a"))
		}},
		{"a manifest over files that users see", func(t *testing.T, f *fake) {
			for _, day := range []string{"20240101", "20240103", "monday"} {
				f.mustWrite(t, vfs.Path("/c/day-"+day), []byte(day))
			}
			f.putPrefix(t, "all", "c/day-")
		}},
		{"an ordinary container of such a name", func(t *testing.T, f *fake) {
			for _, c := range []vfs.Path{"/c_segments", "/x_segments"} {
				if err := f.Mkdir(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				f.mustWrite(t, c.Join("report"), []byte("x"))
				f.mustWrite(t, c.Join("2024"), apitest.Noise(3*mib))
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{ListingLimit: 3}, nil)
			tt.make(t, f)
			var want []string
			if tt.name == "sftp-cloudfs" { // which its own bug makes one
				want = []string{"swallowed-objects /c/big"}
			}
			for _, container := range []string{"", "c"} {
				f.mustFsck(t, vfs.FsckOptions{Container: container, Read: true}).wants(t, "a healthy account", want...)
			}
			f.srv.ForgetRequests()
			f.mustFsck(t, vfs.FsckOptions{Repair: true}).wants(t, "a repair of a healthy account", want...)
			for _, r := range f.srv.Requests() {
				if r.Method != http.MethodGet && r.Method != http.MethodHead {
					t.Errorf("a search of a healthy account makes the request %s %s", r.Method, r.Path)
				}
			}
		})
	}
}

// TestFsckFinds has one error of each kind, and what a repair does with it.
func TestFsckFinds(t *testing.T) {
	const old, other = "20260101T000000Z-00000001", "20260101T000000Z-00000002"
	c := func(object string) api.Name { return api.Name{Container: "c", Object: object} }
	seg := func(object string) api.Name { return api.Name{Container: "c_segments", Object: object} }
	for _, tt := range []struct {
		name string
		make func(t *testing.T, f *fake)
		want []string // findings; with a plus: those that are repaired
		left []string // in c_segments, after a repair
	}{
		{"segments of no file", func(t *testing.T, f *fake) {
			f.putSegment(t, seg("gone/"+old+"/0000000000000000-000000"), []byte("a"))
			f.putSegment(t, seg("gone/"+old+"/0000000000000001-000001"), []byte("b"))
			f.putSegment(t, seg("gone/"+old+"/0000000000000002-000002-manifest0"), []byte("b"))
			f.mustWrite(t, "/c/gone", []byte("x"))
		}, []string{"orphan-segments /c_segments/gone/" + old + "/ +"}, nil},
		{"segments beside no file", func(t *testing.T, f *fake) {
			f.putSegment(t, c("gone.part/"+old+"/0000000000000000-000000"), []byte("a"))
		}, []string{"orphan-segments /c/gone.part/" + old + "/ +"}, nil},
		{"a part of a file's segments", func(t *testing.T, f *fake) {
			f.putSegment(t, seg("file/"+old+"/0000000000000001-000001"), []byte("b"))
			f.putSLO(t, c("file"), map[string][]byte{"/c_segments/file/" + old + "/0000000000000000-000000": []byte("a")})
		}, []string{"orphan-segments /c_segments/file/" + old + "/ +"}, []string{"file/" + old + "/0000000000000000-000000"}},
		{"segments of other programs", func(t *testing.T, f *fake) {
			f.putSegment(t, seg(swiftclientDLO+"00000000"), []byte("a"))
			f.putSegment(t, seg(swiftclientSLO+"00000000"), []byte("a"))
			f.putSegment(t, seg(rcloneDLO+"/00000000"), []byte("a"))
			f.putSegment(t, seg("big/2026-12-01-043001-0OTjG4VDrzu0S_NPrxXFwg/00000000"), []byte("a"))
			f.putSegment(t, c("cloud.part/000000"), []byte("a"))
			f.mustWrite(t, "/c/cloud", []byte("a small one has replaced it"))
		}, []string{
			"orphan-segments /c/cloud.part/", "orphan-segments /c_segments/" + swiftclientDLO, "orphan-segments /c_segments/" + rcloneDLO + "/",
			"orphan-segments /c_segments/big/2026-12-01-043001-0OTjG4VDrzu0S_NPrxXFwg/", "orphan-segments /c_segments/" + swiftclientSLO,
		}, []string{swiftclientDLO + "00000000", rcloneDLO + "/00000000", "big/2026-12-01-043001-0OTjG4VDrzu0S_NPrxXFwg/00000000", swiftclientSLO + "00000000"}},
		{"a missing segment", func(t *testing.T, f *fake) {
			f.putSLO(t, c("file"), map[string][]byte{"/c_segments/file/" + old + "/0000000000000000-000000": []byte("a"), "/c_segments/file/" + old + "/0000000000000001-000001": []byte("b")})
			f.remove(t, seg("file/"+old+"/0000000000000001-000001"))
		}, []string{"broken-manifest /c/file"}, []string{"file/" + old + "/0000000000000000-000000"}},
		{"a replaced segment", func(t *testing.T, f *fake) {
			f.putSLO(t, c("file"), map[string][]byte{"/c_segments/file/" + old + "/0000000000000000-000000": []byte("a")})
			f.putSegment(t, seg("file/"+old+"/0000000000000000-000000"), []byte("b"))
		}, []string{"broken-manifest /c/file"}, []string{"file/" + old + "/0000000000000000-000000"}},
		{"a manifest of nothing", func(t *testing.T, f *fake) {
			f.putPrefix(t, "file", "c_segments/file/1/")
			f.putPrefix(t, "none", "nowhere/file/1/")
			f.putSegment(t, seg("other"), nil)
		}, []string{"broken-manifest /c/file", "broken-manifest /c/none"}, []string{"other"}},
		{
			"missing segments of dynamic objects", func(t *testing.T, f *fake) {
				f.legacyParts(t, "first", 5, 3)
				f.putPrefix(t, "first", "c/first.part")
				f.remove(t, c("first.part/000000"))
				f.legacyParts(t, "middle", 5, 5, 3)
				f.putPrefix(t, "middle", "c/middle.part")
				f.remove(t, c("middle.part/000001"))
				f.putDLO(t, "/c/tail", "c_segments/"+swiftclientDLO, []byte("ab"))
				f.remove(t, seg(swiftclientDLO+"000001"))
				f.putSegment(t, seg("own/"+old+"/0000000000000001-000001"), []byte("b"))
				f.putPrefix(t, "own", "c_segments/own/"+old+"/")
			},
			[]string{"broken-manifest /c/first", "broken-manifest /c/middle", "broken-manifest /c/own", "broken-manifest /c/tail"},
			[]string{swiftclientDLO + "000000", "own/" + old + "/0000000000000001-000001"},
		},
		{"rows without objects", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/gone", []byte("x"))
			f.srv.Lose("c", "gone")
			f.putSegment(t, seg("lost/"+old+"/0000000000000000-000000"), []byte("a"))
		}, []string{"ghost-row /c/gone", "orphan-segments /c_segments/lost/" + old + "/"}, []string{"lost/" + old + "/0000000000000000-000000"}},
		{"a tail of a longer file", func(t *testing.T, f *fake) {
			f.legacyParts(t, "file", 5, 5, 5)
			f.legacyParts(t, "file", 5, 3)
			f.putPrefix(t, "file", "c/file.part")
		}, []string{"stale-tail /c/file"}, nil},
		{"parts of two files", func(t *testing.T, f *fake) {
			f.legacyParts(t, "file", 5, 3)
			f.putPrefix(t, "file", "c/file.part")
			f.putPrefix(t, "zero", "c/file.part")
		}, []string{"shared-parts /c/file"}, nil},
		{"a finished rename", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/to", []byte("x"))
			f.record(t, "from", "to")
		}, []string{"unfinished-rename /c/from +"}, nil},
		{"a rename that was not begun", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/from/x", []byte("x"))
			f.record(t, "from", "to")
		}, []string{"unfinished-rename /c/from +"}, nil},
		{"half of a rename", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/from/x", []byte("x"))
			f.mustWrite(t, "/c/to/y", []byte("x"))
			f.record(t, "from", "to")
		}, []string{"unfinished-rename /c/from"}, []string{renameOf("from", "to").Records()[0].Object}},
		{"an upload of long ago", func(t *testing.T, f *fake) {
			f.backend.writing.Retention = time.Nanosecond
			f.backend.cfg.ResumeRetention = time.Nanosecond
			f.putSegment(t, seg("file/"+old+"/0000000000000000-000000"), []byte("a"))
			f.putSegment(t, seg(".uploads/file/"+old), nil)
		}, []string{"expired-upload /c/file +"}, nil},
		{"an upload that is running", func(t *testing.T, f *fake) {
			f.putSegment(t, seg("file/"+old+"/0000000000000000-000000"), []byte("a"))
			f.putSegment(t, seg(".uploads/file/"+old), nil)
			f.putSegment(t, seg("elsewhere/"+other+"/0000000000000000-000000"), []byte("a"))
			f.putSegment(t, seg(".uploads/moved/"+other), []byte("/c_segments/elsewhere/"+other+"/"))
		}, nil, []string{".uploads/file/" + old, ".uploads/moved/" + other, "elsewhere/" + other + "/0000000000000000-000000", "file/" + old + "/0000000000000000-000000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{ListingLimit: 3}, func(cfg *Config) { cfg.ImplicitDirectories = true })
			tt.make(t, f)
			before := f.stored(t)
			var dry []string
			for _, line := range tt.want {
				dry = append(dry, strings.TrimSuffix(line, " +"))
			}
			f.mustFsck(t, vfs.FsckOptions{}).wants(t, "a dry run", dry...)
			f.mustFsck(t, vfs.FsckOptions{Container: "c"}).wants(t, "a dry run of the container", dry...)
			if diff := cmp.Diff(before, f.stored(t)); diff != "" {
				t.Errorf("a dry run changes the account (-before +after):\n%s", diff)
			}
			if !strings.HasPrefix(tt.name, "an upload of long ago") { // which is older than the retention
				f.mustFsck(t, vfs.FsckOptions{Age: time.Hour, Repair: true})
				if diff := cmp.Diff(before, f.stored(t)); diff != "" {
					t.Errorf("a repair changes what is young (-before +after):\n%s", diff)
				}
			}
			f.mustFsck(t, vfs.FsckOptions{Repair: true}).wants(t, "a repair", tt.want...)
			var again []string
			for _, line := range tt.want {
				if !strings.HasSuffix(line, " +") {
					again = append(again, line)
				}
			}
			f.mustFsck(t, vfs.FsckOptions{Repair: true}).wants(t, "a second repair", again...)
			var left []string
			for _, stored := range f.stored(t) {
				if name, ok := strings.CutPrefix(stored, "c_segments/"); ok {
					left = append(left, name[:strings.LastIndexByte(name, ' ')])
				}
			}
			if diff := cmp.Diff(tt.left, left, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("a repair leaves other segments (-want +got):\n%s", diff)
			}
		})
	}
}

// stored returns all objects of the account, with their ETags.
func (f *fake) stored(t *testing.T) (all []string) {
	t.Helper()
	containers, err := f.lists.AllListed(t.Context(), api.Name{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range containers {
		objects, err := f.lists.ListedBySwift(t.Context(), api.Name{Container: c.Name}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			all = append(all, c.Name+"/"+o.Name+" "+o.Version())
		}
	}
	return all
}

func (f *fake) remove(t *testing.T, n api.Name) {
	t.Helper()
	if err := f.client.Delete(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

func renameOf(from, to string) object.Renaming {
	return object.Renaming{From: api.Name{Container: "c", Object: from}, To: api.Name{Container: "c", Object: to}}
}

// record records a rename as one that was begun.
func (f *fake) record(t *testing.T, from, to string) {
	t.Helper()
	if err := f.renames.Begin(t.Context(), renameOf(from, to)); err != nil {
		t.Fatal(err)
	}
}

// TestFsckConverts makes static large objects of dynamic ones. Their content, time and segments stay.
func TestFsckConverts(t *testing.T) {
	f := newFake(t, swifttest.Limits{ListingLimit: 3}, nil)
	f.legacyParts(t, "cloud", 5, 5, 3)
	f.putPrefix(t, "cloud", "c/cloud.part")
	f.mustWrite(t, "/c/cloud.partial", []byte("a stranger"))
	f.putSegment(t, api.Name{Container: "c_segments", Object: "client/1500000000.000000/5/3/00000000"}, []byte("hel"))
	f.putSegment(t, api.Name{Container: "c_segments", Object: "client/1500000000.000000/5/3/00000001"}, []byte("lo"))
	f.putPrefix(t, "client", "c_segments/client/1500000000.000000/5/3/")
	f.mustWrite(t, "/c/day/1", []byte("x"))
	f.putPrefix(t, "days", "c/day/")
	f.putPrefix(t, "none", "c_segments/none/")
	f.legacyParts(t, "stale", 5, 5, 5)
	f.legacyParts(t, "stale", 5, 3)
	f.putPrefix(t, "stale", "c/stale.part")
	at := time.Unix(1_500_000_000, 0)
	if err := f.SetAttrs(t.Context(), "/c/client", vfs.Attrs{ModTime: &at}); err != nil {
		t.Fatal(err)
	}
	before := f.stored(t)
	broken := []string{"broken-manifest /c/none", "stale-tail /c/stale", "swallowed-objects /c/cloud"}
	kept := []string{"not-converted /c/days", "not-converted /c/none", "not-converted /c/stale"}
	both := func(more ...string) []string { return slices.Sorted(slices.Values(slices.Concat(more, broken, kept))) }

	f.mustFsck(t, vfs.FsckOptions{ToStatic: true}).wants(t, "a dry run", both("dynamic-object /c/client", "dynamic-object /c/cloud")...)
	f.mustFsck(t, vfs.FsckOptions{ToStatic: true, Repair: true, Age: time.Hour})
	if diff := cmp.Diff(before, f.stored(t)); diff != "" {
		t.Errorf("a dry run, or a conversion of what is young, changes the account (-before +after):\n%s", diff)
	}
	f.mustFsck(t, vfs.FsckOptions{ToStatic: true, Repair: true}).wants(t, "a conversion", both("dynamic-object /c/client +", "dynamic-object /c/cloud +")...)
	f.has(t, "/c/client", []byte("hello"), "it was converted")
	f.has(t, "/c/cloud", []byte("\x00\x00\x00\x00\x00\x01\x01\x01\x01\x01\x02\x02\x02"), "it was converted, without the stranger")
	if info, err := f.Stat(t.Context(), "/c/client"); err != nil || !info.ModTime.Equal(at) {
		t.Errorf("after the conversion the time is %v, %v; want %v", info.ModTime, err, at)
	}
	for _, object := range []string{"client", "cloud"} {
		if o, err := f.client.Head(t.Context(), api.Name{Container: "c", Object: object}); err != nil || !o.SLO || o.DLO != "" {
			t.Errorf("%s is no static large object after the conversion: %v", object, err)
		}
	}
	broken = broken[:2]
	f.mustFsck(t, vfs.FsckOptions{ToStatic: true, Repair: true, Read: true}).wants(t, "a second conversion", both()...)
	for _, file := range []vfs.Path{"/c/client", "/c/cloud"} {
		if err := f.Remove(t.Context(), file); err != nil {
			t.Fatal(err)
		}
	}
	if left := f.objectsIn(t, "c_segments"); len(left) > 0 {
		t.Errorf("after the removal there are still the segments %q", left)
	}
}

// TestFsckReads has a file whose content was changed, but not its checksum.
func TestFsckReads(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/good", apitest.Noise(3*mib))
	f.mustWrite(t, "/c/good2", []byte("small"))
	f.putRaw(t, "/c/bad", []byte("hello"), nil, map[string]string{api.MetaCRC64: "0000000000000001"})
	f.mustFsck(t, vfs.FsckOptions{}).wants(t, "without reading")
	f.mustFsck(t, vfs.FsckOptions{Read: true}).wants(t, "with reading", "wrong-digest /c/bad")

	// Files of other programs have checksums of their segments only.
	f.putSLO(t, api.Name{Container: "c", Object: "static"}, map[string][]byte{
		"/c_segments/" + swiftclientSLO + "00000000": []byte("a"), "/c_segments/" + swiftclientSLO + "00000001": []byte("b"),
	})
	for i, content := range []string{"c", "d"} {
		f.putSegment(t, api.Name{Container: "c_segments", Object: fmt.Sprintf("%s%08d", swiftclientDLO, i)}, []byte(content))
	}
	f.putRaw(t, "/c/dynamic", nil, nil, map[string]string{"X-Object-Manifest": "c_segments/" + swiftclientDLO})
	f.mustFsck(t, vfs.FsckOptions{Read: true}).wants(t, "large files", "wrong-digest /c/bad")
	f.srv.Inject(swifttest.Rule{
		Op: swifttest.GetObject, Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/00000001") },
		Fault: swifttest.Fault{Header: http.Header{"Etag": {strings.Repeat("0", 32)}}},
	})
	f.mustFsck(t, vfs.FsckOptions{Read: true}).wants(t, "large files with a segment that has changed",
		"wrong-digest /c/bad", "wrong-digest /c/dynamic", "wrong-digest /c/static")
}

// TestFsckUnsure has segments without a file in accounts that cannot be read as a whole. They are
// not reported, or at least not deleted.
func TestFsckUnsure(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, f *fake)
		want []string
	}{
		{"an object that cannot be read", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/x", []byte("x"))
			f.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Container: "c", Fault: swifttest.Fault{Status: http.StatusForbidden}})
		}, nil},
		{"a container that cannot be listed", func(t *testing.T, f *fake) {
			if err := f.Mkdir(t.Context(), "/other"); err != nil {
				t.Fatal(err)
			}
			f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, Container: "other", Fault: swifttest.Fault{Status: http.StatusNotFound}})
		}, nil},
		{"a container with versions", func(t *testing.T, f *fake) {
			_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPost, Target: api.Name{Container: "c"}, Header: map[string]string{"X-Versions-Enabled": "true"}})
			if err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"a manifest that is gone for a while", func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/x", []byte("x"))
			f.srv.Lose("c", "x")
		}, []string{"ghost-row /c/x", "orphan-segments /c_segments/gone/20260101T000000Z-00000001/"}},
		{"a row of another content", func(t *testing.T, f *fake) {
			f.srv.ListingLag(time.Hour)
			f.mustWrite(t, "/c/first", []byte("longer"))
			f.write(t.Context(), "/c/old", []byte("longer"), replace)
		}, []string{"orphan-segments /c_segments/gone/20260101T000000Z-00000001/ +"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = time.Millisecond })
			f.mustWrite(t, "/c/old", []byte("x"))
			f.putSegment(t, api.Name{Container: "c_segments", Object: "gone/20260101T000000Z-00000001/0000000000000000-000000"}, []byte("a"))
			tt.make(t, f)
			got := f.mustFsck(t, vfs.FsckOptions{Repair: true})
			got.wants(t, "segments that may be in use", tt.want...)
			if len(tt.want) == 0 && len(got.notes) == 0 {
				t.Error("nothing is said about what cannot be judged")
			}
		})
	}
}

// TestFsckMoves renames a file to a name that the search has already passed, while the search is at
// its old name: its segments are in use all the time.
func TestFsckMoves(t *testing.T) {
	f := newFake(t, swifttest.Limits{ListingLimit: 1}, nil)
	content := apitest.Noise(3 * mib)
	f.mustWrite(t, "/c/a", []byte("x"))
	f.mustWrite(t, "/c/z", content)
	moved := false
	var progress int64
	opts := vfs.FsckOptions{
		Age: -time.Hour, Repair: true,
		Found: func(found vfs.Finding) error {
			t.Errorf("found %s %s: %s", found.Kind, found.Name, found.Text)
			return nil
		},
		Note: func(string) {},
		Progress: func(done, _ int64) {
			progress = done
			if !moved {
				moved = true
				if err := f.Rename(t.Context(), "/c/z", "/c/0", vfs.RenameOptions{}); err != nil {
					t.Error(err)
				}
			}
		},
	}
	if err := f.Fsck(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if !moved || progress == 0 {
		t.Error("there was no progress")
	}
	f.has(t, "/c/0", content, "it was renamed during the search")
}
