package local_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filegate/core/vfs"
)

// onDisk are the names in a directory as they are.
func onDisk(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestUploadIsHidden(t *testing.T) {
	root := t.TempDir()
	fsys := open(t, root)
	w, err := fsys.OpenWriter(t.Context(), "/file", create)
	must(t, err)
	defer w.Close()
	if all := onDisk(t, root); len(all) != 1 || !strings.HasPrefix(all[0], ".filegate-upload-") {
		t.Fatalf("on the disk are %q; want the hidden file of the upload", all)
	}
	if all := names(t, fsys, "/"); len(all) != 0 {
		t.Errorf("a client sees %q", all)
	}
	hidden := vfs.Root.Join(onDisk(t, root)[0])
	for what, err := range map[string]error{
		"Stat":       second(fsys.Stat(t.Context(), hidden)),
		"Open":       second(fsys.Open(t.Context(), hidden, vfs.OpenOptions{})),
		"OpenWriter": put(t, fsys, hidden, "x", create),
		"Mkdir":      fsys.Mkdir(t.Context(), hidden),
		"Remove":     fsys.Remove(t.Context(), hidden),
		"Rename":     fsys.Rename(t.Context(), hidden, "/got", vfs.RenameOptions{}),
	} {
		if vfs.Kind(err) != vfs.ErrInvalidName {
			t.Errorf("%s by the hidden name: %v, want ErrInvalidName", what, err)
		}
	}
	must(t, w.Close())
	if all := onDisk(t, root); len(all) != 0 {
		t.Errorf("on the disk are %q after Close; want nothing left", all)
	}
}

// leftover puts into dir what a killed process leaves behind.
func leftover(t *testing.T, dir string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, ".filegate-upload-KILLED"), []byte("half a file"), 0o644))
}

func TestLeftovers(t *testing.T) {
	root := t.TempDir()
	fsys := open(t, root)

	t.Run("go when listed", func(t *testing.T) {
		leftover(t, root)
		if all := names(t, fsys, "/"); len(all) != 0 {
			t.Errorf("a client sees %q", all)
		}
		if all := onDisk(t, root); len(all) != 0 {
			t.Errorf("on the disk are %q", all)
		}
	})
	t.Run("do not keep a directory", func(t *testing.T) {
		must(t, fsys.Mkdir(t.Context(), "/dir"))
		leftover(t, filepath.Join(root, "dir"))
		if err := fsys.Rmdir(t.Context(), "/dir"); err != nil {
			t.Errorf("Rmdir: %v; what a client cannot see is not in its way", err)
		}
	})
	t.Run("do not keep a directory from being replaced", func(t *testing.T) {
		must(t, fsys.Mkdir(t.Context(), "/from"))
		must(t, fsys.Mkdir(t.Context(), "/to"))
		leftover(t, filepath.Join(root, "to"))
		if err := fsys.Rename(t.Context(), "/from", "/to", vfs.RenameOptions{Replace: true}); err != nil {
			t.Errorf("Rename: %v; what a client cannot see is not in its way", err)
		}
	})
}

// What is being written is no leftover, neither for this process nor for another on the same
// directory.
func TestUploadsAreNoLeftovers(t *testing.T) {
	root := t.TempDir()
	fsys, other := open(t, root), open(t, root)
	must(t, fsys.Mkdir(t.Context(), "/dir"))
	w, err := fsys.OpenWriter(t.Context(), "/dir/file", create)
	must(t, err)
	defer w.Close()
	names(t, other, "/dir")
	if err := other.Rmdir(t.Context(), "/dir"); vfs.Kind(err) != vfs.ErrNotEmpty {
		t.Errorf("Rmdir during an upload: %v, want ErrNotEmpty", err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Errorf("Commit: %v", err)
	}
}

func TestUploadsSurviveSweeping(t *testing.T) {
	fsys := open(t, t.TempDir())
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				names(t, fsys, "/")
			}
		}
	})
	for i := range 200 {
		name := vfs.Path(fmt.Sprintf("/%d", i))
		w, err := fsys.OpenWriter(t.Context(), name, create)
		if err != nil {
			t.Errorf("OpenWriter: %v", err)
			break
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Errorf("Commit while others list: %v", err)
		}
		w.Close()
	}
	close(done)
	wg.Wait()
}

// An upload goes where its directory has gone.
func TestDirectoryMovesDuringUpload(t *testing.T) {
	root := t.TempDir()
	fsys := open(t, root)
	must(t, fsys.Mkdir(t.Context(), "/old"))
	w, err := fsys.OpenWriter(t.Context(), "/old/file", create)
	must(t, err)
	defer w.Close()
	_, err = w.ReadFrom(strings.NewReader("content"))
	must(t, err)
	must(t, fsys.Rename(t.Context(), "/old", "/new", vfs.RenameOptions{}))
	_, err = w.Commit(t.Context())
	must(t, err)
	if got, err := get(t, fsys, "/new/file"); got != "content" || err != nil {
		t.Errorf("the file reads %q, %v", got, err)
	}
	if all := onDisk(t, filepath.Join(root, "new")); !slices.Equal(all, []string{"file"}) {
		t.Errorf("on the disk are %q", all)
	}
}

func TestModes(t *testing.T) {
	root := t.TempDir()
	fsys := open(t, root)
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(filepath.Join(root, name))
		must(t, err)
		return info.Mode().Perm()
	}

	must(t, os.WriteFile(filepath.Join(root, "plain"), nil, 0o666)) // as the umask has it
	must(t, put(t, fsys, "/new", "content", create))
	if mode("new") != mode("plain") {
		t.Errorf("a new file has mode %v; want what the process gives to others, %v", mode("new"), mode("plain"))
	}
	for _, opts := range []vfs.WriteOptions{create, {}, {Offset: vfs.AtEnd}} {
		must(t, os.Chmod(filepath.Join(root, "new"), 0o751))
		must(t, put(t, fsys, "/new", "more", opts))
		if mode("new") != 0o751 {
			t.Errorf("with %+v the mode is %v; want that of the file before, 0751", opts, mode("new"))
		}
	}
	want := fs.FileMode(0o604) | fs.ModeSetuid
	must(t, vfs.SetAttrs(t.Context(), fsys, "/new", vfs.Attrs{Mode: &want}))
	info, err := os.Stat(filepath.Join(root, "new"))
	must(t, err)
	if info.Mode() != 0o604 {
		t.Errorf("SetAttrs sets mode %v; want 0604, permission bits only", info.Mode())
	}
	w, err := fsys.OpenWriter(t.Context(), "/new", create)
	must(t, err)
	defer w.Close()
	want = 0o640
	must(t, w.SetAttrs(vfs.Attrs{Mode: &want}))
	_, err = w.Commit(t.Context())
	must(t, err)
	if mode("new") != 0o640 {
		t.Errorf("a Writer's mode is %v, want 0640", mode("new"))
	}
}

func TestTimesAreSetApart(t *testing.T) {
	root := t.TempDir()
	fsys := open(t, root)
	access, modified := time.Date(2001, 1, 1, 0, 0, 0, 5, time.UTC), time.Date(2002, 2, 2, 0, 0, 0, 7, time.UTC)
	check := func() {
		t.Helper()
		info, err := os.Stat(filepath.Join(root, "file"))
		must(t, err)
		stat := info.Sys().(*syscall.Stat_t)
		if stat.Atim.Nano() != access.UnixNano() || stat.Mtim.Nano() != modified.UnixNano() {
			t.Errorf("the times are %d and %d, want %d and %d", stat.Atim.Nano(), stat.Mtim.Nano(), access.UnixNano(), modified.UnixNano())
		}
	}
	w, err := fsys.OpenWriter(t.Context(), "/file", create)
	must(t, err)
	defer w.Close()
	must(t, w.SetAttrs(vfs.Attrs{AccessTime: &access}))
	must(t, w.SetAttrs(vfs.Attrs{ModTime: &modified}))
	_, err = w.Commit(t.Context())
	must(t, err)
	check()
	modified = modified.Add(time.Hour)
	must(t, vfs.SetAttrs(t.Context(), fsys, "/file", vfs.Attrs{ModTime: &modified}))
	check()
	access = access.Add(time.Hour)
	must(t, vfs.SetAttrs(t.Context(), fsys, "/file", vfs.Attrs{AccessTime: &access}))
	check()
}

// Of many who want the same new name, or to replace the same version, one gets it.
func TestRaces(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts func(t *testing.T, fsys vfs.FS) vfs.WriteOptions
		lost error
	}{
		{"exclusive", func(*testing.T, vfs.FS) vfs.WriteOptions {
			return vfs.WriteOptions{Create: true, Exclusive: true}
		}, vfs.ErrExist},
		{"version", func(t *testing.T, fsys vfs.FS) vfs.WriteOptions {
			must(t, put(t, fsys, "/file", "old", create))
			info, err := fsys.Stat(t.Context(), "/file")
			must(t, err)
			return vfs.WriteOptions{Truncate: true, IfVersion: info.Version}
		}, vfs.ErrChanged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := open(t, t.TempDir())
			opts := tt.opts(t, fsys)
			const writers = 16
			errs := make([]error, writers)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i := range writers {
				w, err := fsys.OpenWriter(t.Context(), "/file", opts)
				must(t, err)
				defer w.Close()
				_, err = io.WriteString(io.NewOffsetWriter(w, 0), fmt.Sprint(i))
				must(t, err)
				wg.Go(func() {
					<-start
					_, errs[i] = w.Commit(t.Context())
				})
			}
			close(start)
			wg.Wait()
			winner := slices.Index(errs, nil)
			if got, err := get(t, fsys, "/file"); winner < 0 || got != fmt.Sprint(winner) || err != nil {
				t.Errorf("the file reads %q, %v; the winner is %d", got, err, winner)
			}
			for i, err := range errs {
				if i != winner && !errors.Is(err, tt.lost) {
					t.Errorf("writer %d: %v, want %v", i, err, tt.lost)
				}
			}
		})
	}
}

func TestNoRoom(t *testing.T) {
	fsys := open(t, t.TempDir())
	opts := create
	opts.Size = 1 << 60
	if err := put(t, fsys, "/file", "x", opts); vfs.Kind(err) != vfs.ErrQuota {
		t.Errorf("OpenWriter for an exbibyte: %v, want ErrQuota", err)
	}
}
