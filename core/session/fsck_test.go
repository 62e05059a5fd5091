package session_test

import (
	"context"
	"errors"
	"testing"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// searchable is a store that can search itself for errors.
type searchable struct {
	vfs.FS
	searched int
}

func (s *searchable) Fsck(context.Context, vfs.FsckOptions) error {
	s.searched++
	return nil
}

// TestFsck checks that only a login with all rights to the whole store can have it searched.
func TestFsck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		repair bool
		change func(id *auth.Identity)
		want   error
	}{
		{"all rights", true, func(*auth.Identity) {}, nil},
		{"to read only", false, func(id *auth.Identity) { id.Permissions = []auth.Permission{auth.Read, auth.List} }, nil},
		{"to read only, for a repair", true, func(id *auth.Identity) { id.Permissions = []auth.Permission{auth.Read, auth.List} }, vfs.ErrPermission},
		{"a home directory", false, func(id *auth.Identity) { id.Home = "/home" }, vfs.ErrPermission},
		{"rules", false, func(id *auth.Identity) {
			id.Rules = []auth.Rule{{Path: "/in", Permissions: auth.Permissions()}}
		}, vfs.ErrPermission},
	} {
		store := &searchable{}
		w := begin(t, func(cfg *session.Config) {
			store.FS = cfg.FS
			cfg.FS, cfg.Identity.Home = store, ""
			tt.change(&cfg.Identity)
		})
		err := w.Fsck(t.Context(), vfs.FsckOptions{Repair: tt.repair})
		if !errors.Is(err, tt.want) || (err == nil) != (store.searched == 1) {
			t.Errorf("%s: Fsck returns %v, want %v; the store was searched %d times", tt.name, err, tt.want, store.searched)
		}
	}
	w := begin(t, func(cfg *session.Config) { cfg.Identity.Home = "" })
	if err := w.Fsck(t.Context(), vfs.FsckOptions{}); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("a store that cannot search itself: %v, want %v", err, vfs.ErrUnsupported)
	}
}
