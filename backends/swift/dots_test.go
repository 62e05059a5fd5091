package swift

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// dots are spellings of names that a proxy may rewrite to another path.
var dots = []string{
	"..", ".", "a/..", "a/../b", "./a", "%2e%2e", "a/%2E./b", ".%2e", "%252e%252e", "a/%2e%2e%2fb", "..%2f..", "%2F..", "a%2f..%2fb",
}

func TestDotElement(t *testing.T) {
	for _, s := range dots {
		if _, ok := api.DotElement(s); !ok {
			t.Errorf("%q is not refused", s)
		}
	}
	for _, s := range []string{"", "...", "..a", "a..", "a/.b", "%2e%2e%2e", "%2ea", "%", "%..", "%%2e", "100%", "a%2fb", "a b"} {
		if e, ok := api.DotElement(s); ok {
			t.Errorf("%q is refused because of %q", s, e)
		}
	}
}

// putPast creates an object of any name directly in Swift.
func putPast(t *testing.T, f *FS, container, object string) {
	t.Helper()
	grant, err := f.client.Grants.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	encoded := strings.ReplaceAll(api.Quote(object), ".", "%2e")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, grant.Endpoint+"/"+container+"/"+encoded, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", grant.Token.Reveal())
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("PUT of %q: %s", object, resp.Status)
	}
}

// TestDotsRefused uses objects and arguments with "." and ".." as elements: no request with them is
// sent, for any operation and any spelling.
func TestDotsRefused(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/file", []byte("x"))
	for _, d := range dots {
		putPast(t, f.FS, "c", "d/"+d)
	}
	if names := listNames(t, f, "/c/d"); !slices.Contains(names, "%..") {
		t.Errorf("what others have stored is not listed: %q", names)
	}
	f.srv.ForgetRequests()
	ctx := t.Context()
	for _, d := range dots {
		var elements []string
		for e := range strings.SplitSeq(d, "/") {
			elements = append(elements, api.EscapeElement(e, false))
		}
		bad := vfs.Path("/c/d/" + strings.Join(elements, "/"))
		for what, err := range map[string]error{
			"stat":        errorOf(f.Stat(ctx, bad)),
			"lstat":       errorOf(f.Lstat(ctx, bad)),
			"list":        errorOf(f.List(ctx, bad)),
			"open":        errorOf(f.Open(ctx, bad, vfs.OpenOptions{})),
			"write":       errorOf(f.OpenWriter(ctx, bad, replace)),
			"mkdir":       f.Mkdir(ctx, bad),
			"remove":      f.Remove(ctx, bad),
			"rmdir":       f.Rmdir(ctx, bad),
			"rename from": f.Rename(ctx, bad, "/c/x", vfs.RenameOptions{}),
			"rename to":   f.Rename(ctx, "/c/file", bad, vfs.RenameOptions{}),
			"copy to":     f.Copy(ctx, "/c/file", bad, vfs.CopyOptions{}),
			"symlink":     f.Symlink(ctx, "/c/file", bad),
			"symlink to":  f.Symlink(ctx, bad, "/c/x"),
			"attributes":  f.SetAttrs(ctx, bad, vfs.Attrs{}),
		} {
			if !errors.Is(err, vfs.ErrInvalidName) {
				t.Errorf("%s %q: %v, want %v", what, bad, err, vfs.ErrInvalidName)
			}
		}
		for _, req := range []api.Request{
			{Method: http.MethodHead, Target: api.Name{Account: "", Container: "c", Object: d}},
			{Method: http.MethodHead, Target: api.Name{Account: "", Container: d, Object: "o"}},
			{Method: http.MethodHead, Target: api.Name{Account: d, Container: "c", Object: "o"}},
			{Method: api.MethodCopy, Target: api.Name{Account: "", Container: "c", Object: "file"}, Header: map[string]string{"Destination": api.Quote("c/" + d)}},
			{Method: api.MethodCopy, Target: api.Name{Account: "", Container: "c", Object: "file"}, Header: map[string]string{"Destination": "c/x", "Destination-Account": api.Quote(d)}},
			{Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: "x"}, Header: map[string]string{"X-Object-Manifest": api.Quote("c/" + d + "/")}},
			{Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: "x"}, Header: map[string]string{api.SymlinkTargetHeader: api.Quote("c/" + d)}},
		} {
			if _, err := f.client.Send(ctx, req); !errors.Is(err, vfs.ErrInvalidName) || api.Reached(err) {
				t.Errorf("%s %v %v: %v, want a refusal", req.Method, req.Target, req.Header, err)
			}
		}
	}
	for _, r := range f.srv.Requests() {
		if _, ok := api.DotElement(r.Path); ok {
			t.Errorf("%s %s was sent", r.Method, r.Path)
		}
	}
	// The directory cannot be emptied here, and the error of its rename names the entries that
	// stay.
	f.mustWrite(t, "/c/d/good", []byte("x"))
	if err := f.Rename(ctx, "/c/d", "/c/e", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrInvalidName) || !strings.Contains(vfs.ClientText(err), "/c/d/") {
		t.Errorf("rename of a directory with such names: %v", err)
	}
	f.has(t, "/c/e/good", []byte("x"), "it has an ordinary name")
	if err := f.Rmdir(ctx, "/c/d"); err == nil {
		t.Error("a directory with such names was removed")
	}
}

func errorOf(_ any, err error) error { return err }

// TestRewritingProxy has a proxy in front of the store that removes ".." from paths: this is logged
// once. Without the proxy nothing is logged.
func TestRewritingProxy(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{})
	for _, rewrites := range []bool{false, true} {
		f := openFS(t, accountIn(srv), nil)
		grant, err := f.client.Grants.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		target, err := url.Parse(grant.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = target.Scheme, target.Host
			if rewrites {
				p.Out.URL.Path, p.Out.URL.RawPath = path.Clean(p.Out.URL.Path), ""
			}
		}})
		var lines bytes.Buffer
		f.client.Log = slog.New(slog.NewTextHandler(&lines, nil))
		grant.Endpoint = proxy.URL + target.Path
		f.client.Grants = apitest.Grant(grant)
		for range 2 {
			if _, err := f.client.Limits(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(lines.String(), "rewrites the paths"); got != map[bool]int{true: 1}[rewrites] {
			t.Errorf("behind a proxy that rewrites paths (%t) the log says %d times that one does:\n%s", rewrites, got, lines.String())
		}
		f.backend.store.Close()
		proxy.Close()
	}
}
