package swift

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// header returns a header that Swift has for an object or a container.
func (f *fake) header(t *testing.T, n api.Name, key string) string {
	t.Helper()
	resp, err := f.client.Send(t.Context(), api.Request{Method: http.MethodHead, Target: n})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get(key)
}

// TestDetails changes the metadata and the expiry of small and large files; other metadata is kept.
func TestDetails(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		small, large := f.dir.Join("small"), f.dir.Join("large")
		f.mustWrite(t, small, apitest.Noise(10))
		f.mustWrite(t, large, apitest.Noise(int(2*f.backend.cfg.SegmentSize)+10))
		at := time.Date(2021, 2, 3, 4, 5, 6, 0, time.UTC)
		ends := time.Now().Add(100 * time.Hour).Truncate(time.Second)
		for _, p := range []vfs.Path{small, large} {
			if err := f.SetAttrs(ctx, p, vfs.Attrs{ModTime: &at}); err != nil {
				t.Fatal(err)
			}
			for _, change := range []vfs.DetailChange{
				{Meta: map[string]string{"colour": "blue", "size": "L"}},
				{Expires: &ends},
				{Meta: map[string]string{"size": ""}},
			} {
				if err := f.ChangeDetails(ctx, p, change); err != nil {
					t.Fatalf("%s: %+v: %v", p, change, err)
				}
			}
			d, err := f.Details(ctx, p)
			if err != nil || d.Meta["colour"] != "blue" || d.Meta["size"] != "" || !d.Expires.Equal(ends) {
				t.Errorf("%s: %+v, %v", p, d, err)
			}
			for key := range d.Meta {
				if strings.HasPrefix(key, ownMeta) {
					t.Errorf("%s shows %q", p, key)
				}
			}
			if info, err := f.Stat(ctx, p); err != nil || !info.ModTime.Equal(at) {
				t.Errorf("%s: the time is %v, %v", p, info.ModTime, err)
			}
		}
		n, err := f.locate(large)
		if err != nil {
			t.Fatal(err)
		}
		segments := func() []string {
			t.Helper()
			o, err := f.client.Head(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			all, err := f.large.OwnSegments(ctx, n, o)
			if err != nil || len(all) != 3 {
				t.Fatalf("segments: %v, %v", all, err)
			}
			var times []string
			for _, seg := range all {
				times = append(times, f.header(t, seg, deleteAt))
			}
			return times
		}
		for _, s := range segments() {
			if got, err := strconv.ParseInt(s, 10, 64); err != nil || got <= ends.Unix() {
				t.Errorf("a segment ends at %s, its file at %d", s, ends.Unix())
			}
		}
		later := ends.Add(1000 * time.Hour)
		if err := f.ChangeDetails(ctx, large, vfs.DetailChange{Expires: &later}); err != nil {
			t.Fatal(err)
		}
		for _, s := range segments() {
			if got, err := strconv.ParseInt(s, 10, 64); err != nil || got <= later.Unix() {
				t.Errorf("a segment ends at %s, its file at %d", s, later.Unix())
			}
		}
		if err := f.ChangeDetails(ctx, large, vfs.DetailChange{Expires: new(time.Time)}); err != nil {
			t.Fatal(err)
		}
		if got := segments(); !slices.Equal(got, []string{"", "", ""}) {
			t.Errorf("the segments of a file that stays end at %q", got)
		}
		if d, err := f.Details(ctx, large); err != nil || !d.Expires.IsZero() || d.Meta["colour"] != "blue" {
			t.Errorf("%+v, %v", d, err)
		}

		if err := f.ChangeDetails(ctx, f.dir, vfs.DetailChange{Meta: map[string]string{"team": "red"}}); err != nil {
			t.Fatal(err)
		}
		if d, err := f.Details(ctx, f.dir); err != nil || d.Meta["team"] != "red" {
			t.Errorf("the container: %+v, %v", d, err)
		}
		past := time.Unix(1e9, 0)
		for _, tt := range []struct {
			p      vfs.Path
			change vfs.DetailChange
			want   error
		}{
			{small, vfs.DetailChange{Expires: &past}, vfs.ErrInvalid},
			{small, vfs.DetailChange{Meta: map[string]string{"two words": "x"}}, vfs.ErrInvalid},
			{small, vfs.DetailChange{Meta: map[string]string{"x": "a\r\nX-Delete-After: 1"}}, vfs.ErrInvalid},
			{small, vfs.DetailChange{Meta: map[string]string{"filegate-md5": "x"}}, vfs.ErrPermission},
			{f.dir, vfs.DetailChange{Meta: map[string]string{"temp-url-key": "x"}}, vfs.ErrPermission},
			{f.dir, vfs.DetailChange{Meta: map[string]string{"quota-bytes": "1"}}, vfs.ErrPermission},
			{f.dir, vfs.DetailChange{Expires: &ends}, vfs.ErrUnsupported},
			{f.dir.Join("missing"), vfs.DetailChange{Expires: &ends}, vfs.ErrNotExist},
			{"/", vfs.DetailChange{Meta: map[string]string{"x": "y"}}, vfs.ErrUnsupported},
		} {
			if err := f.ChangeDetails(ctx, tt.p, tt.change); !errors.Is(err, tt.want) {
				t.Errorf("%s: %+v: %v, want %v", tt.p, tt.change, err, tt.want)
			}
		}
	})
}

// TestACL gives others access to a container, and to its segments.
func TestACL(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		f.mustWrite(t, f.dir.Join("large"), apitest.Noise(int(2*f.backend.cfg.SegmentSize)))
		if acl, err := f.ACL(ctx, f.dir); err != nil || len(acl.Read)+len(acl.Write) > 0 {
			t.Errorf("%+v, %v", acl, err)
		}
		if err := f.SetACL(ctx, f.dir, vfs.ACL{Read: []string{"other:user", ".r:*"}}); err != nil {
			t.Fatal(err)
		}
		if err := f.SetACL(ctx, f.dir, vfs.ACL{Write: []string{"other:writer"}}); err != nil {
			t.Fatal(err)
		}
		acl, err := f.ACL(ctx, f.dir)
		if err != nil || !slices.Equal(acl.Read, []string{"other:user", ".r:*"}) || !slices.Equal(acl.Write, []string{"other:writer"}) {
			t.Errorf("%+v, %v", acl, err)
		}
		if got := f.header(t, f.container().SegmentsContainer(), object.ReadACL); got != "other:user,.r:*" {
			t.Errorf("the segments can be read by %q", got)
		}
		if err := f.SetACL(ctx, f.dir, vfs.ACL{Read: []string{}, Write: []string{}}); err != nil {
			t.Fatal(err)
		}
		if acl, err := f.ACL(ctx, f.dir); err != nil || len(acl.Read)+len(acl.Write) > 0 {
			t.Errorf("%+v, %v", acl, err)
		}
		for p, acl := range map[vfs.Path]vfs.ACL{f.dir: {Read: []string{"a,b"}}, f.dir.Join("large"): {Read: []string{"a:b"}}, "/": {Read: []string{"a:b"}}} {
			if err := f.SetACL(ctx, p, acl); err == nil {
				t.Errorf("%s takes %+v", p, acl)
			}
		}
	})
}

// TestVersionsOfFile lists the versions of one file, and restores the first one, also after the
// file was removed.
func TestVersionsOfFile(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, _ string) {
		ctx := t.Context()
		p := f.dir.Join("file")
		for _, content := range []string{"one", "two!", "three"} {
			f.mustWrite(t, p, []byte(content))
		}
		f.mustWrite(t, f.dir.Join("file2"), []byte("another"))
		all, err := f.Versions(ctx, p)
		if err != nil || len(all) < 2 {
			t.Fatalf("%v, %v", all, err)
		}
		first := all[len(all)-1]
		if first.Size != 3 || !slices.IsSortedFunc(all, func(a, b vfs.Info) int { return strings.Compare(b.Name, a.Name) }) {
			t.Errorf("%+v", all)
		}
		if err := f.Restore(ctx, p, first.Name); err != nil {
			t.Fatal(err)
		}
		f.has(t, p, []byte("one"), "its first version was brought back")
		for _, version := range []string{"x", "../file2", "2001-01-01T00-00-00.00000Z"} {
			if err := f.Restore(ctx, p, version); !errors.Is(err, vfs.ErrNotExist) {
				t.Errorf("version %q: %v", version, err)
			}
		}
	})
}

// TestNoVersions asks for versions in a container that keeps none.
func TestNoVersions(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		p := f.dir.Join("file")
		f.mustWrite(t, p, []byte("x"))
		if _, err := f.Versions(t.Context(), p); !errors.Is(err, vfs.ErrUnsupported) || !strings.Contains(vfs.ClientText(err), "X-Versions-Enabled") {
			t.Errorf("Versions: %v", err)
		}
		if err := f.Restore(t.Context(), p, "2001-01-01T00-00-00.00000Z"); !errors.Is(err, vfs.ErrUnsupported) {
			t.Errorf("Restore: %v", err)
		}
	})
}

// TestTempURL gets and puts a file by temporary URLs, without a login. Only a real Swift has them,
// the fake does not.
func TestTempURL(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		p := f.dir.Join("it's [a] \u00fcber#file?.txt")
		f.mustWrite(t, p, []byte("content"))
		until := time.Now().Add(time.Hour)
		limits, err := f.client.Limits(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.TempURL(ctx, p, http.MethodGet, until)
		if !errors.Is(err, vfs.ErrUnsupported) {
			t.Fatalf("without a key: %v", err)
		}
		if limits.TempURLHash == "" {
			return
		}
		if !strings.Contains(vfs.ClientText(err), "swift post") {
			t.Errorf("without a key: %v", err)
		}
		f.change(t, "X-Container-Meta-Temp-URL-Key", "secret")
		ask := func(method string, p vfs.Path, with string, body io.Reader) (int, string) {
			t.Helper()
			u, err := f.TempURL(ctx, p, method, until)
			if err != nil {
				t.Fatal(err)
			}
			if parsed, err := url.Parse(u); err != nil || strings.Contains(u, "secret") {
				t.Errorf("%q: %v, %v", u, parsed, err)
			}
			req, err := http.NewRequestWithContext(ctx, with, u, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Close = true
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, _ := io.ReadAll(resp.Body)
			return resp.StatusCode, string(got)
		}
		if status, got := ask(http.MethodGet, p, http.MethodGet, nil); status != http.StatusOK || got != "content" {
			t.Errorf("GET: %d, %q", status, got)
		}
		if status, _ := ask(http.MethodGet, p, http.MethodDelete, nil); status != http.StatusUnauthorized {
			t.Errorf("DELETE by a URL for GET: %d", status)
		}
		if status, _ := ask(http.MethodPut, f.dir.Join("new"), http.MethodPut, strings.NewReader("sent")); status != http.StatusCreated {
			t.Errorf("PUT: %d", status)
		}
		f.forget()
		f.has(t, f.dir.Join("new"), []byte("sent"), "it was put by a URL")
		for p, want := range map[vfs.Path]error{f.dir.Join("missing"): vfs.ErrNotExist, f.dir: vfs.ErrIsDir, "/": vfs.ErrIsDir} {
			if _, err := f.TempURL(ctx, p, http.MethodGet, until); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", p, err, want)
			}
		}
	})
}
