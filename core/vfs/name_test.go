package vfs_test

import (
	"errors"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// TestName opens and means files and directories by names with and without a slash at the end.
func TestName(t *testing.T) {
	ctx, store := t.Context(), memfs.New()
	if err := store.Mkdir(ctx, "/dir"); err != nil {
		t.Fatal(err)
	}
	w, err := store.OpenWriter(ctx, "/file", vfs.WriteOptions{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name                  string
		present, read, create error
	}{
		{"file", nil, nil, nil},
		{"missing", nil, nil, nil}, // that is for the operation itself to find out
		{"dir", nil, nil, nil},
		{"file/", vfs.ErrNotDir, vfs.ErrNotDir, vfs.ErrNotDir},
		{"file/.", vfs.ErrNotDir, vfs.ErrNotDir, vfs.ErrNotDir},
		{"dir/", nil, vfs.ErrIsDir, vfs.ErrIsDir},
		{"dir//", nil, vfs.ErrIsDir, vfs.ErrIsDir},
		{"/", nil, vfs.ErrIsDir, vfs.ErrIsDir},
		{"missing/", vfs.ErrNotExist, vfs.ErrNotExist, vfs.ErrIsDir},
	} {
		n, err := vfs.ResolveName(vfs.Root, tt.name)
		if err != nil {
			t.Fatal(err)
		}
		for what, is := range map[string][2]error{
			"present": {n.Present(ctx, store), tt.present},
			"read":    {n.Openable(ctx, store, false), tt.read},
			"create":  {n.Openable(ctx, store, true), tt.create},
		} {
			if !errors.Is(is[0], is[1]) {
				t.Errorf("%q, %s: %v, want %v", tt.name, what, is[0], is[1])
			}
		}
	}
}
