package session_test

import (
	"testing"

	"filegate/core/session"
	"filegate/core/vfs"
)

// TestOpenFileMoves renames and removes a file while this session writes it: the content goes along
// with the file, or away.
func TestOpenFileMoves(t *testing.T) {
	for _, tt := range []struct {
		name string
		old  string // what the file had before
		do   func(t *testing.T, s *session.Session) error
		want map[vfs.Path]string // "" is no file
	}{
		{"renamed", "", func(t *testing.T, s *session.Session) error {
			return s.Rename(t.Context(), "/file", "/new", vfs.RenameOptions{})
		}, map[vfs.Path]string{"/file": "", "/new": "new"}},
		{"overwritten and renamed", "old", func(t *testing.T, s *session.Session) error {
			return s.Rename(t.Context(), "/file", "/new", vfs.RenameOptions{})
		}, map[vfs.Path]string{"/file": "", "/new": "new"}},
		{"renamed over a file", "", func(t *testing.T, s *session.Session) error {
			return s.Rename(t.Context(), "/file", "/other", vfs.RenameOptions{Replace: true})
		}, map[vfs.Path]string{"/file": "", "/other": "new"}},
		{"renamed twice", "", func(t *testing.T, s *session.Session) error {
			if err := s.Rename(t.Context(), "/file", "/a", vfs.RenameOptions{}); err != nil {
				return err
			}
			return s.Rename(t.Context(), "/a", "/b", vfs.RenameOptions{})
		}, map[vfs.Path]string{"/file": "", "/a": "", "/b": "new"}},
		{"removed", "", func(t *testing.T, s *session.Session) error { return s.Remove(t.Context(), "/file") }, map[vfs.Path]string{"/file": ""}},
		{"overwritten and removed", "old", func(t *testing.T, s *session.Session) error { return s.Remove(t.Context(), "/file") }, map[vfs.Path]string{"/file": ""}},
		{"replaced", "old", func(t *testing.T, s *session.Session) error {
			return s.Rename(t.Context(), "/other", "/file", vfs.RenameOptions{Replace: true})
		}, map[vfs.Path]string{"/file": "other", "/other": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t, nil)
			put(t, s.store, home+"/other", "other")
			if tt.old != "" {
				put(t, s.store, home+"/file", tt.old)
			}
			w, err := s.OpenWriter(t.Context(), "/file", replace)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.WriteAt([]byte("new"), 0); err != nil {
				t.Fatal(err)
			}
			if err := tt.do(t, s.Session); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Commit(t.Context()); err != nil {
				t.Errorf("Commit: %v", err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			for name, want := range tt.want {
				if want == "" {
					_, err := s.Stat(t.Context(), name)
					wantKind(t, err, vfs.ErrNotExist, "Stat of "+string(name))
				} else if got := content(t, s, name); got != want {
					t.Errorf("%s has %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestOpenFileRenamedAndRecreated is that a file which takes the name of one that was renamed while
// it was written is not lost.
func TestOpenFileRenamedAndRecreated(t *testing.T) {
	s := begin(t, nil)
	w, err := s.OpenWriter(t.Context(), "/file", replace)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := s.Rename(t.Context(), "/file", "/new", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, s.store, home+"/file", "another")
	writeAt(t, w, "the first", 0)
	if _, err := w.Commit(t.Context()); err != nil {
		t.Errorf("Commit: %v", err)
	}
	for name, want := range map[vfs.Path]string{"/file": "another", "/new": "the first"} {
		if got := content(t, s, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
