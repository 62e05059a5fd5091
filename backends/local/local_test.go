package local_test

import (
	"testing"

	"filegate/backends/local"
	"filegate/core/backend"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// open opens the directory root as a login does.
func open(t *testing.T, root string) vfs.FS {
	t.Helper()
	b, err := (&local.Config{Root: root}).New(backend.Env{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	fsys, err := b.Open(t.Context(), backend.Login{User: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func TestConformance(t *testing.T) {
	vfstest.TestFS(t, func(t *testing.T) vfs.FS { return open(t, t.TempDir()) }, vfstest.Limits{NoOwners: true})
}
