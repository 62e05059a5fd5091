package session_test

import (
	"testing"

	"filegate/core/session/sessiontest"
	"filegate/core/vfs/memfs"
)

// TestDirectory has one store whose writers follow a file to another name, and one whose cannot.
func TestDirectory(t *testing.T) {
	t.Run("follows", func(t *testing.T) {
		fsys := memfs.New()
		if err := fsys.Mkdir(t.Context(), "/dir"); err != nil {
			t.Fatal(err)
		}
		sessiontest.TestDirectory(t, fsys, "/dir")
	})
	t.Run("does not follow", func(t *testing.T) {
		s := newStore(t)
		s.mkdirs(t, home, "/dir")
		sessiontest.TestDirectory(t, s, home+"/dir")
	})
}
