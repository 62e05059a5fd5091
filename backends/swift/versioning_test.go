package swift

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// keeping are the ways in which a container keeps versions, by their header. With the last one a
// removed file is not kept: its previous version becomes current.
var keeping = []string{"X-Versions-Enabled", "X-History-Location", "X-Versions-Location"}

// onEverySwift runs a test against the fake, with the defaults and with small pages, and against a
// real Swift.
func onEverySwift(t *testing.T, test func(t *testing.T, f *fake)) {
	t.Run("Fake", func(t *testing.T) { test(t, newFake(t, swifttest.Limits{}, nil)) })
	t.Run("SmallPages", func(t *testing.T) { test(t, newFake(t, swifttest.Limits{ListingLimit: 7, NoBulkDelete: true}, nil)) })
	t.Run("Real", func(t *testing.T) {
		t.Parallel() // it waits for Swift most of the time
		fsys := openFS(t, realSwift(t), nil)
		test(t, &fake{FS: fsys, dir: makeContainer(t, fsys)})
	})
}

// inEveryWay runs a test in containers that keep versions, one for each way.
func inEveryWay(t *testing.T, ways []string, test func(t *testing.T, f *fake, how string)) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		for _, how := range ways {
			t.Run(how, func(t *testing.T) {
				if f.srv == nil {
					t.Parallel()
				}
				own := &fake{FS: f.FS, srv: f.srv, dir: makeContainer(t, f.FS)}
				own.keepVersions(t, how)
				test(t, own, how)
			})
		}
	})
}

// container returns the container of the test.
func (f *fake) container() api.Name { return api.Name{Container: string(f.dir[1:])} }

// keepVersions makes the container keep versions. They are removed after the test.
func (f *fake) keepVersions(t *testing.T, how string) {
	t.Helper()
	n := f.container()
	value := "true"
	if how != "X-Versions-Enabled" {
		value = string(makeContainer(t, f.FS)[1:])
	}
	f.change(t, how, value)
	t.Cleanup(func() {
		if how != "X-Versions-Enabled" {
			f.change(t, "X-Remove-Versions-Location", "x")
			return
		}
		for _, v := range f.versionLines(t) {
			_, err := f.client.Send(context.WithoutCancel(t.Context()), api.Request{
				Method: http.MethodDelete, Target: n.With(v.Name), Query: url.Values{"version-id": {v.ID}},
			})
			if err != nil && api.StatusOf(err) != http.StatusNotFound {
				t.Log(err)
			}
		}
	})
}

// change changes a header of the container.
func (f *fake) change(t *testing.T, header, value string) {
	t.Helper()
	_, err := f.client.Send(context.WithoutCancel(t.Context()), api.Request{Method: http.MethodPost, Target: f.container(), Header: map[string]string{header: value}})
	if err != nil {
		t.Fatal(err)
	}
}

// versionLine is a row of Swift's listing of versions.
type versionLine struct {
	Name string `json:"name"`
	ID   string `json:"version_id"`
	Type string `json:"content_type"`
}

// versionLines returns all rows that Swift lists, on all pages.
func (f *fake) versionLines(t *testing.T) []versionLine {
	t.Helper()
	var all []versionLine
	query := url.Values{"versions": {""}, "format": {"json"}}
	for {
		body, _, err := f.client.Fetch(context.WithoutCancel(t.Context()), api.Request{Method: http.MethodGet, Target: f.container(), Query: query}, 128*mib)
		if err != nil {
			t.Fatal(err)
		}
		var page []versionLine
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		last := page[len(page)-1]
		query.Set("marker", last.Name)
		query.Set("version_marker", last.ID)
		if last.ID == api.NullVersion {
			query.Set("version_marker", lastVersion)
		}
	}
}

// kept returns the contents of all versions that Swift keeps. It reads them without the code under
// test.
func (f *fake) kept(t *testing.T, how string) [][]byte {
	t.Helper()
	var targets []api.Request
	if how == "X-Versions-Enabled" {
		for _, v := range f.versionLines(t) {
			if v.Type != api.DeletedType {
				targets = append(targets, api.Request{Target: f.container().With(v.Name), Query: url.Values{"version-id": {v.ID}}})
			}
		}
	} else {
		v, err := f.client.Versioning(t.Context(), f.container())
		if err != nil {
			t.Fatal(err)
		}
		archive := api.Name{Container: v.Archive}
		all, err := f.lists.AllListed(t.Context(), archive, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if e.ContentType != api.DeletedType {
				targets = append(targets, api.Request{Target: archive.With(e.Name)})
			}
		}
	}
	var contents [][]byte
	for _, req := range targets {
		req.Method = http.MethodGet
		body, resp, err := f.client.Fetch(t.Context(), req, 16*mib)
		if err == nil && strconv.Itoa(len(body)) != resp.Header.Get("Content-Length") {
			err = fmt.Errorf("%d bytes, not %s", len(body), resp.Header.Get("Content-Length"))
		}
		if err != nil {
			t.Errorf("a version of %q cannot be read: %v", req.Target.String(), err)
		}
		contents = append(contents, body)
	}
	return contents
}

// keeps checks that contents are among the versions. The key of each content is the reason why it
// must be kept.
func (f *fake) keeps(t *testing.T, how string, contents map[string][]byte) {
	t.Helper()
	kept := f.kept(t, how)
	for rule, content := range contents {
		if !slices.ContainsFunc(kept, func(b []byte) bool { return bytes.Equal(b, content) }) {
			t.Errorf("no version has the content: %s", rule)
		}
	}
}

// TestVersionsKeepTheirSegments changes large files in all ways. All their old versions stay
// complete.
func TestVersionsKeepTheirSegments(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, how string) {
		p := f.dir.Join("file")
		edit := func(change func(w vfs.Writer) error) func() error {
			return func() error {
				w, err := f.OpenWriter(t.Context(), p, vfs.WriteOptions{})
				if err != nil {
					return err
				}
				defer w.Close()
				if err := change(w); err != nil {
					return err
				}
				_, err = w.Commit(t.Context())
				return err
			}
		}
		large := func() []byte { return apitest.Noise(2*mib + 1000) }
		contents := map[string][]byte{}
		for _, tt := range []struct {
			name string
			do   func() error
		}{
			{"written over", func() error { _, err := f.write(t.Context(), p, large(), replace); return err }},
			{"changed in place", edit(func(w vfs.Writer) error { _, err := w.WriteAt([]byte("changed"), mib); return err })},
			{"appended to", edit(func(w vfs.Writer) error { _, err := w.WriteAt([]byte("more"), w.Size()); return err })},
			{"cut", edit(func(w vfs.Writer) error { return w.Truncate(mib + mib/2) })},
			{"written over by a small one", func() error { _, err := f.write(t.Context(), p, apitest.Noise(10), replace); return err }},
			{"written over by a copy", func() error {
				f.mustWrite(t, f.dir.Join("other"), large())
				return f.Copy(t.Context(), f.dir.Join("other"), p, vfs.CopyOptions{Replace: true})
			}},
			{"renamed over", func() error {
				return f.Rename(t.Context(), f.dir.Join("other"), p, vfs.RenameOptions{Replace: true})
			}},
			{"written over again", func() error { _, err := f.write(t.Context(), p, large(), replace); return err }},
			{"changed in place again", edit(func(w vfs.Writer) error { _, err := w.WriteAt([]byte("again"), mib); return err })},
		} {
			before, err := f.read(t.Context(), p)
			if err != nil && vfs.Kind(err) != vfs.ErrNotExist {
				t.Fatalf("before it is %s: %v", tt.name, err)
			}
			if err := tt.do(); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if before != nil {
				contents["it was "+tt.name] = before
			}
		}
		if how == "X-Versions-Location" {
			f.keeps(t, how, contents)
			if err := f.Remove(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			f.has(t, p, contents["it was changed in place again"], "what came after it was removed")
			return
		}
		was, err := f.read(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		contents["it was removed"] = was
		if err := f.Remove(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		f.keeps(t, how, contents)
	})
}

// TestVersionsFromBefore replaces a large file from before its container kept versions, and one
// from after that.
func TestVersionsFromBefore(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		const how = "X-Versions-Enabled"
		p, before := f.dir.Join("file"), apitest.Noise(2*mib+1000)
		f.mustWrite(t, p, before)
		f.keepVersions(t, how)
		after := apitest.Noise(2*mib + 2000)
		f.mustWrite(t, p, after)
		f.keeps(t, how, map[string][]byte{"it is from before versions were kept": before})
		f.change(t, how, "false")
		w := f.openWriter(t, p, vfs.WriteOptions{})
		defer w.Close()
		if _, err := w.WriteAt([]byte("changed"), mib); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.Remove(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		f.keeps(t, how, map[string][]byte{"it shared segments with what came when versions were kept no longer": after})
	})
}

// TestVersionsOfWhatWasMovedAway moves a large file to a container that keeps no versions, and
// removes it there.
func TestVersionsOfWhatWasMovedAway(t *testing.T) {
	inEveryWay(t, keeping[:2], func(t *testing.T, f *fake, how string) {
		content, other := apitest.Noise(2*mib+1000), makeContainer(t, f.FS).Join("file")
		f.mustWrite(t, f.dir.Join("file"), content)
		if err := f.Rename(t.Context(), f.dir.Join("file"), other, vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		f.has(t, other, content, "it was moved")
		if err := f.Remove(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		f.keeps(t, how, map[string][]byte{"it was moved to another container, and removed there": content})
	})
}

// TestRenameWithVersions renames files in a container that keeps versions.
func TestRenameWithVersions(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, _ string) {
		ctx := t.Context()
		small, large := apitest.Noise(1000), apitest.Noise(2*mib+1000)
		if err := errors.Join(f.Mkdir(ctx, f.dir.Join("dir")), f.Mkdir(ctx, f.dir.Join("dir/empty"))); err != nil {
			t.Fatal(err)
		}
		f.mustWrite(t, f.dir.Join("dir/small"), small)
		f.mustWrite(t, f.dir.Join("dir/large"), large)
		for _, base := range []string{"small", "large"} {
			if err := f.Rename(ctx, f.dir.Join("dir/"+base), f.dir.Join("dir/"+base+"2"), vfs.RenameOptions{}); err != nil {
				t.Errorf("renaming a %s file: %v", base, err)
			}
		}
		if err := f.Rename(ctx, f.dir.Join("dir"), f.dir.Join("dir2"), vfs.RenameOptions{}); err != nil {
			t.Errorf("renaming a directory: %v", err)
		}
		f.has(t, f.dir.Join("dir2/small2"), small, "it was renamed with its directory")
		f.has(t, f.dir.Join("dir2/large2"), large, "it was renamed with its directory")
		sees(t, f, f.dir, "the directory was renamed", "dir2/")
		sees(t, f, f.dir.Join("dir2"), "it was renamed", "empty/", "large2", "small2")
	})
}

// TestRemoveContainerWithVersions removes a container that contains only versions.
func TestRemoveContainerWithVersions(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		f.keepVersions(t, "X-Versions-Enabled")
		f.mustWrite(t, f.dir.Join("file"), apitest.Noise(10))
		if err := f.Remove(t.Context(), f.dir.Join("file")); err != nil {
			t.Fatal(err)
		}
		if err := f.Rmdir(t.Context(), f.dir); vfs.Kind(err) != vfs.ErrNotEmpty {
			t.Errorf("removing a container that keeps versions: %v, want %v", err, vfs.ErrNotEmpty)
		}
	})
}

// TestArchives looks up the archives of containers.
func TestArchives(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, how string) {
		got, err := f.Archives(t.Context(), []vfs.Path{"/", f.dir, f.dir + "/a", f.dir + "/b/c", "/there-is-no-such"})
		if err != nil {
			t.Fatal(err)
		}
		if archived := how != "X-Versions-Enabled"; len(got) > 1 || (len(got) == 1) != archived {
			t.Errorf("%s: the archives are %q", how, got)
		}
	})
}
