package swift

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// other returns a login to another account of the same Swift.
func (a account) other() account {
	if a.project != "" {
		return keystoneAccount("2")
	}
	return account{authURL: a.authURL, user: "test2:tester2", key: "testing2"}
}

// share lets tempauth's other account read or write a container.
func (f *FS) share(t *testing.T, container string, read, write bool) {
	t.Helper()
	f.shareWith(t, container, "test2:tester2", read, write)
}

// shareWith is share for the user who, as an ACL names users.
func (f *FS) shareWith(t *testing.T, container, who string, read, write bool) {
	t.Helper()
	header := map[string]string{"X-Container-Read": "", "X-Container-Write": ""}
	if read {
		header["X-Container-Read"] = who
	}
	if write {
		header["X-Container-Write"] = who
	}
	_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPost, Target: api.Name{Container: container}, Header: header})
	if err != nil {
		t.Fatal(err)
	}
}

// TestForeign uses a container with a login of another account, by path and by alias, with
// different rights.
func TestForeign(t *testing.T) {
	run := func(t *testing.T, a account) {
		owner := openFS(t, a, nil)
		dir := makeContainer(t, owner)
		if err := owner.makeContainer(t.Context(), api.Name{Container: dir.Base()}.SegmentsContainer(), nil); err != nil {
			t.Fatal(err)
		}
		guest := openFS(t, a.other(), func(c *Config) {
			c.Aliases = map[string]string{"alias": owner.client.Account + dir.String(), "account": owner.client.Account}
		})
		who := "test2:tester2"
		if a.project != "" { // Keystone's ACLs name the project, which is the account
			who = strings.TrimPrefix(guest.client.Account, "AUTH_") + ":*"
		}
		content, large := []byte("content"), apitest.Noise(2*mib+1000)
		ctx := t.Context()
		write := func(f *FS, p vfs.Path, data []byte) error {
			w, err := f.OpenWriter(ctx, p, replace)
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
				return err
			}
			_, err = w.Commit(ctx)
			return err
		}
		for base, data := range map[string][]byte{"file": content, "large": large} {
			if err := write(owner, dir.Join(base), data); err != nil {
				t.Fatal(err)
			}
		}
		if err := owner.Mkdir(ctx, dir.Join("sub")); err != nil {
			t.Fatal(err)
		}
		list := func(dir vfs.Path) error { _, err := guest.List(ctx, dir); return err }
		stat := func(p vfs.Path) error { _, err := guest.Stat(ctx, p); return err }
		open := func(p vfs.Path) error {
			f, err := guest.Open(ctx, p, vfs.OpenOptions{})
			if err == nil {
				f.Close()
			}
			return err
		}
		for _, shared := range []vfs.Path{vfs.Path("/@" + owner.client.Account).Under(dir), "/alias", vfs.Path("/account").Under(dir)} {
			t.Run(shared.String(), func(t *testing.T) {
				expect := func(what string, got, want error) {
					t.Helper()
					if !errors.Is(got, want) {
						t.Errorf("%s: %v, want %v", what, got, want)
					}
				}
				owner.shareWith(t, dir.Base(), who, false, false)
				expect("entering what is not shared", stat(shared), vfs.ErrNotExist)
				expect("listing what is not shared", list(shared), vfs.ErrNotExist)
				expect("a file of what is not shared", stat(shared.Join("file")), vfs.ErrNotExist)
				expect("reading from what is not shared", open(shared.Join("file")), vfs.ErrNotExist)
				expect("writing to what is not shared", write(guest, shared.Join("new"), content), vfs.ErrPermission)

				owner.shareWith(t, dir.Base(), who, true, false)
				expect("entering", stat(shared), nil)
				if got := vfstest.List(t, guest, shared); len(got) != 3 {
					t.Errorf("listing: %v", got)
				}
				if got := readAll(t, guest, shared.Join("file")); !bytes.Equal(got, content) {
					t.Errorf("read %q", got)
				}
				expect("a missing file", stat(shared.Join("none")), vfs.ErrNotExist)
				expect("writing where one may read", write(guest, shared.Join("new"), content), vfs.ErrPermission)
				expect("removing", guest.Remove(ctx, shared.Join("file")), vfs.ErrPermission)
				expect("mkdir", guest.Mkdir(ctx, shared.Join("dir")), vfs.ErrPermission)
				expect("rmdir", guest.Rmdir(ctx, shared), vfs.ErrPermission)
				expect("rename", guest.Rename(ctx, shared.Join("file"), shared.Join("new"), vfs.RenameOptions{}), vfs.ErrPermission)

				owner.shareWith(t, dir.Base(), who, true, true)
				owner.shareWith(t, api.Name{Container: dir.Base()}.SegmentsContainer().Container, who, true, true)
				if got := readAll(t, guest, shared.Join("large")); !bytes.Equal(got, large) {
					t.Errorf("read %d bytes that are other ones", len(got))
				}
				expect("writing", write(guest, shared.Join("new"), large), nil)
				expect("renaming", guest.Rename(ctx, shared.Join("new"), shared.Join("sub").Join("newer"), vfs.RenameOptions{}), nil)
				if got := readAll(t, owner, dir.Join("sub").Join("newer")); !bytes.Equal(got, large) {
					t.Errorf("the owner read %d bytes that are other ones", len(got))
				}
				expect("removing", guest.Remove(ctx, shared.Join("sub").Join("newer")), nil)
				owner.shareWith(t, api.Name{Container: dir.Base()}.SegmentsContainer().Container, who, false, false)
			})
		}
		account := vfs.Path("/@" + owner.client.Account)
		expectEmpty := vfstest.List(t, guest, account)
		if len(expectEmpty) != 0 {
			t.Errorf("the other account is listed: %v", expectEmpty)
		}
		if err := guest.Mkdir(ctx, account.Join("test-new")); !errors.Is(err, vfs.ErrPermission) {
			t.Errorf("making a container in the other account: %v", err)
		}
	}
	t.Run("fake", func(t *testing.T) { run(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { run(t, realSwift(t)) })
	t.Run("Keystone", func(t *testing.T) { run(t, realKeystone(t)) })
}

// TestForeignConformance runs the suite in a container of another account.
func TestForeignConformance(t *testing.T) {
	checks(t, 25)
	f := newFake(t, swifttest.Limits{ListingLimit: 7}, nil)
	if err := f.Mkdir(t.Context(), "/c_segments"); err != nil {
		t.Fatal(err)
	}
	f.share(t, "c", true, true)
	f.share(t, "c_segments", true, true)
	guest := openFS(t, accountIn(f.srv).other(), func(c *Config) {
		c.Aliases = map[string]string{"shared": f.client.Account + "/c", "secret": f.client.Account + "/none"}
	})
	if got := vfstest.List(t, guest, "/"); len(got) != 1 || got[0].Name != "shared" {
		t.Errorf("the aliases are listed as %v, want only the one that may be entered", got)
	}
	vfstest.TestFS(t, func(*testing.T) vfs.FS { return guest }, vfstest.Limits{Root: "/shared", NoModes: true, NoOwners: true, NoDirLinks: true})
}

func TestParseAlias(t *testing.T) {
	for s, want := range map[string]alias{
		"AUTH_x/photos": {"AUTH_x", "photos"}, "AUTH_x": {"AUTH_x", ""}, "@AUTH_x/c": {"AUTH_x", "c"},
	} {
		if got, ok := parseAlias(s); got != want || !ok {
			t.Errorf("parseAlias(%q) = %v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "@", "/c", "AUTH_x/", "AUTH_x/c/d", "..", "AUTH_x/..", "a\x00/b"} {
		if got, ok := parseAlias(s); ok {
			t.Errorf("parseAlias(%q) = %v", s, got)
		}
	}
}
