package swift

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// randomBytes returns n bytes that are the same in every run.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{1})
	src.Read(b) // never fails, by its documentation
	return b
}

func readAll(t *testing.T, f vfs.FS, p vfs.Path) []byte {
	t.Helper()
	file, err := f.Open(t.Context(), p, vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var b bytes.Buffer
	if _, err := file.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestResumeReal(t *testing.T) {
	for _, large := range []string{largeSLO, largeDLO} {
		t.Run(large, func(t *testing.T) { testResume(t, realSwift(t), large) })
	}
}

func TestResume(t *testing.T) {
	for form, limits := range forms {
		t.Run(form, func(t *testing.T) {
			testResume(t, accountIn(swifttest.Start(t, swifttest.Config{Limits: limits})), largeObjects(form))
		})
	}
}

// testResume interrupts an upload, and resumes it through another backend, as through another
// gateway.
func testResume(t *testing.T, a account, large string) {
	option := func(c *Config) { c.LargeObjects = large }
	first, second := openFS(t, a, option), openFS(t, a, option)
	dir := makeContainer(t, first)
	p := dir.Join("with space & ünï.bin")
	content := randomBytes(9*mib + 12345)
	const cutAt = 5*mib + 777

	w, err := first.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(bytes.NewReader(content[:cutAt])); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	info, err := second.Stat(t.Context(), p)
	if err != nil || !info.Partial || info.Size != cutAt {
		t.Fatalf("Stat of a cut-off upload = %+v, %v; want a partial file of %d bytes", info, err, cutAt)
	}
	if got := slices.DeleteFunc(vfstest.List(t, second, dir), vfs.Info.IsDir); len(got) != 1 || !got[0].Partial || got[0].Size != cutAt || got[0].Name != p.Base() {
		t.Errorf("the directory with a cut-off upload lists %+v", got)
	}
	if _, err := second.Open(t.Context(), p, vfs.OpenOptions{}); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("Open of a cut-off upload: %v; nothing is published, want ErrNotExist", err)
	}

	// Its time can be set, and it can be renamed; it keeps both.
	when := time.Date(2021, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := first.SetAttrs(t.Context(), p, vfs.Attrs{ModTime: &when}); err != nil {
		t.Errorf("SetAttrs of a cut-off upload: %v", err)
	}
	moved := dir.Join("moved.bin")
	if err := second.Rename(t.Context(), p, moved, vfs.RenameOptions{}); err != nil {
		t.Fatalf("Rename of a cut-off upload: %v", err)
	}
	p = moved
	if info, err := first.Stat(t.Context(), p); err != nil || !info.Partial || !info.ModTime.Equal(when) {
		t.Errorf("Stat of a cut-off upload that was given a time = %+v, %v", info, err)
	}

	w, err = second.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true, Offset: cutAt})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewReader(content[cutAt:])); err != nil {
		t.Fatal(err)
	}
	if info, err = w.Commit(t.Context()); err != nil || info.Size != int64(len(content)) {
		t.Fatalf("Commit = %+v, %v", info, err)
	}
	if !info.ModTime.Equal(when) {
		t.Errorf("the time of the file is %v, want the one that the upload was given", info.ModTime)
	}
	if !bytes.Equal(readAll(t, first, p), content) {
		t.Error("the file that was gone on with has another content")
	}
	if info, err := first.Stat(t.Context(), p); err != nil || info.Partial {
		t.Errorf("Stat after Commit = %+v, %v", info, err)
	}
	left, err := first.lists.List(t.Context(), api.Name{Container: dir.Base()}.SegmentsContainer(), listing.Query{Prefix: ".uploads/", Limit: 10})
	if err != nil || len(left) > 0 {
		t.Errorf("markers left after Commit: %v, %v", left, err)
	}
	if err := first.Remove(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	left, err = first.lists.List(t.Context(), api.Name{Container: dir.Base()}.SegmentsContainer(), listing.Query{Limit: 10})
	if api.StatusOf(err) != http.StatusNotFound {
		t.Errorf("left after Remove are %v, %v, want not even the container of segments", left, err)
	}
}
