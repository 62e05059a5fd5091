package vfs_test

import (
	"errors"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// What a store does not have is ErrUnsupported. What it has is the subject of vfstest.
func TestOptional(t *testing.T) {
	plain := struct{ vfs.FS }{memfs.New()} // hides all but the interface
	now := time.Now()
	if err := vfs.SetAttrs(t.Context(), plain, vfs.Root, vfs.Attrs{ModTime: &now}); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("SetAttrs: %v, want ErrUnsupported", err)
	}
	if _, err := vfs.StatSpace(t.Context(), plain, vfs.Root); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("StatSpace: %v, want ErrUnsupported", err)
	}
	if _, err := vfs.Digest(t.Context(), plain, vfs.Root); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("Digest: %v, want ErrUnsupported", err)
	}
	w, err := plain.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := vfs.ReadWriterAt(struct{ vfs.Writer }{w}); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("ReadWriterAt: %v, want ErrUnsupported", err)
	}
	if _, err := vfs.ReadWriterAt(w); err != nil {
		t.Errorf("ReadWriterAt of a store that has it: %v", err)
	}
}

func TestAttrsIsZero(t *testing.T) {
	id := 0
	if !(vfs.Attrs{}).IsZero() || (vfs.Attrs{UID: &id}).IsZero() {
		t.Error("Attrs are zero when there is nothing to set, and only then")
	}
}
