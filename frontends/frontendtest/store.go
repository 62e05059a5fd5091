package frontendtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filegate/core/vfs"
)

// Write puts a file into a store, or makes a directory where the name ends with a slash.
func Write(t *testing.T, fsys vfs.FS, name vfs.Path, data []byte) {
	t.Helper()
	if dir, ok := strings.CutSuffix(string(name), "/"); ok {
		if err := fsys.Mkdir(t.Context(), vfs.Path(dir)); err != nil && !errors.Is(err, vfs.ErrExist) {
			t.Fatal(err)
		}
		return
	}
	w, err := fsys.OpenWriter(t.Context(), name, vfs.WriteOptions{Create: true, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Read returns a file of a store.
func Read(t *testing.T, fsys vfs.FS, name vfs.Path) []byte {
	t.Helper()
	f, err := fsys.Open(t.Context(), name, vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Missing says whether a store has nothing under the name.
func Missing(t *testing.T, fsys vfs.FS, name vfs.Path) bool {
	t.Helper()
	_, err := fsys.Stat(t.Context(), name)
	if err != nil && !errors.Is(err, vfs.ErrNotExist) {
		t.Fatal(err)
	}
	return err != nil
}
