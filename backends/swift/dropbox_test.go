package swift

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"filegate/backends/internal/recent"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestDropBox puts files into a container that the login may write to but not read: small and large
// ones, new ones and over existing ones. The owner reads them.
func TestDropBox(t *testing.T) {
	run := func(t *testing.T, a account) {
		owner := openFS(t, a, nil)
		guest := openFS(t, a.other(), nil)
		dir := makeContainer(t, owner)
		owner.share(t, dir.Base(), false, true)
		ctx := t.Context()
		box := vfs.Path("/@" + owner.client.Account).Under(dir)
		write := func(p vfs.Path, data []byte, opts vfs.WriteOptions) error {
			w, err := guest.OpenWriter(ctx, p, opts)
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err = w.ReadFrom(bytes.NewReader(data)); err == nil {
				_, err = w.Commit(ctx)
			}
			return err
		}
		if info, err := guest.Stat(ctx, box); err != nil || info.Mode != fs.ModeDir|0o333 {
			t.Errorf("Stat = %+v, %v, want a directory to write to", info, err)
		}
		if l, err := guest.List(ctx, box); err == nil {
			l.Close()
			t.Error("it is listed")
		}
		small, large := apitest.Noise(1000), apitest.Noise(3*mib+5)
		for _, data := range [][]byte{small, large, apitest.Noise(2000), apitest.Noise(2*mib + 1)} {
			for _, base := range []string{"a", "b"} {
				if err := write(box.Join(base), data, replace); err != nil {
					t.Errorf("%d bytes to %s: %v", len(data), base, err)
				}
				if got := readAll(t, owner, dir.Join(base)); !bytes.Equal(got, data) {
					t.Errorf("the owner reads %d bytes of %s, want the %d that were put", len(got), base, len(data))
				}
			}
		}
		exclusive := vfs.WriteOptions{Create: true, Truncate: true, Exclusive: true}
		if err := write(box.Join("a"), small, exclusive); !errors.Is(err, vfs.ErrExist) {
			t.Errorf("a name that is taken: %v, want %v", err, vfs.ErrExist)
		}
		if err := write(box.Join("new"), small, exclusive); err != nil {
			t.Error(err)
		}
		if err := write(box.Join("a"), small, vfs.WriteOptions{Create: true, Offset: vfs.AtEnd}); !errors.Is(err, vfs.ErrPermission) || !strings.Contains(vfs.ClientText(err), "not read") {
			t.Errorf("appending to what cannot be read: %v, want %v", err, vfs.ErrPermission)
		}
		// OpenSSH's scp writes like this: it does not truncate the file first.
		for _, data := range [][]byte{small, large, apitest.Noise(500)} {
			w := must(guest.OpenWriter(ctx, box.Join("a"), vfs.WriteOptions{Create: true}))
			must(w.WriteAt(data, 0))
			if err := w.Truncate(int64(len(data))); err != nil {
				t.Fatal(err)
			}
			must(w.Commit(ctx))
			if got := readAll(t, owner, dir.Join("a")); !bytes.Equal(got, data) {
				t.Errorf("the owner reads %d bytes, want the %d that were put", len(got), len(data))
			}
		}
		if err := write(box.Join("a"), small[:10], vfs.WriteOptions{Create: true}); !errors.Is(err, vfs.ErrPermission) {
			t.Errorf("the beginning of what cannot be read is changed: %v, want %v", err, vfs.ErrPermission)
		}
		if err := guest.Mkdir(ctx, box.Join("d")); err != nil {
			t.Error(err)
		}
		if err := write(box.Join("d").Join("f"), large, replace); err != nil {
			t.Error(err)
		}
		if err := guest.Mkdir(ctx, box.Join("d")); !errors.Is(err, vfs.ErrExist) {
			t.Errorf("making a directory that is there: %v, want %v", err, vfs.ErrExist)
		}
		if end, err := guest.Place(ctx, box.Join("a"), true); err != nil || end.Path != box.Join("a") {
			t.Errorf("Place = %+v, %v, want the name itself", end, err)
		}
		// An interrupted upload leaves nothing.
		w := must(guest.OpenWriter(ctx, box.Join("cut"), replace))
		must(w.ReadFrom(bytes.NewReader(large)))
		w.Close()
		sees(t, owner, dir, "what was put", "a", "b", "d/", "new")
		sees(t, owner, dir.Join("d"), "what was put", "f")
		if page, err := owner.lists.List(ctx, api.Name{Container: dir.Base()}, listing.Query{Prefix: "cut", Limit: 10}); err != nil || len(page) > 0 {
			t.Errorf("of an upload that was cut off there is %v (%v)", page, err)
		}

		owner.share(t, dir.Base(), false, false)
		guest.dropBoxes = recent.New(dropBoxFor)
		if err := write(box.Join("a"), small, replace); err == nil {
			t.Error("what is closed was written to")
		}
	}
	t.Run("fake", func(t *testing.T) { run(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { run(t, realSwift(t)) })
}
