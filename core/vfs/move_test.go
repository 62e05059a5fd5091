package vfs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// tree makes a store with files, and directories, whose names end in a slash.
func tree(t *testing.T, names ...string) *memfs.FS {
	t.Helper()
	fsys := memfs.New()
	for _, n := range names {
		p := vfs.Path(strings.TrimSuffix("/"+n, "/"))
		if strings.HasSuffix(n, "/") {
			if err := fsys.Mkdir(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w, err := fsys.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := w.WriteAt([]byte(n), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return fsys
}

// contents is what is in a store: the names, and of files what they had been called.
func contents(t *testing.T, fsys vfs.FS, dir vfs.Path) map[string]string {
	t.Helper()
	all := map[string]string{}
	l, err := fsys.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for {
		page, err := l.Next(t.Context())
		if err != nil {
			return all
		}
		for _, info := range page {
			p := dir.Join(info.Name)
			if info.IsDir() {
				all[string(p[1:])+"/"] = ""
				for k, v := range contents(t, fsys, p) {
					all[k] = v
				}
				continue
			}
			f, err := fsys.Open(t.Context(), p, vfs.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if _, err := f.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			f.Close()
			all[string(p[1:])] = b.String()
		}
	}
}

// TestMove moves files and directories to names of files and directories, as far as mv does.
func TestMove(t *testing.T) {
	type move = func(context.Context, vfs.FS, vfs.Path, vfs.Path) error
	for name, tt := range map[string]struct {
		move     move
		there    []string
		old, new vfs.Path
		want     map[string]string // nil: as it was
		err      error
	}{
		"a file to a new name":    {vfs.Move, []string{"f"}, "/f", "/new", map[string]string{"new": "f"}, nil},
		"a file to a file":        {vfs.Move, []string{"f", "g"}, "/f", "/g", map[string]string{"g": "f"}, nil},
		"a file to itself":        {vfs.Move, []string{"f"}, "/f", "/f", nil, nil},
		"a file into a directory": {vfs.Move, []string{"f", "d/"}, "/f", "/d", map[string]string{"d/": "", "d/f": "f"}, nil},
		"a file into a directory with a file of its name": {
			vfs.Move, []string{"f", "d/", "d/f", "d/g"}, "/f", "/d", map[string]string{"d/": "", "d/f": "f", "d/g": "d/g"}, nil,
		},
		"a file into a directory with a directory of its name": {vfs.Move, []string{"f", "d/", "d/f/"}, "/f", "/d", nil, vfs.ErrIsDir},
		"a file into the directory that it is in":              {vfs.Move, []string{"d/", "d/f"}, "/d/f", "/d", nil, nil},
		"a file into the top directory":                        {vfs.Move, []string{"d/", "d/f"}, "/d/f", "/", map[string]string{"d/": "", "f": "d/f"}, nil},
		"what is missing into a directory":                     {vfs.Move, []string{"d/"}, "/f", "/d", nil, vfs.ErrNotExist},
		"a directory to an empty one":                          {vfs.Move, []string{"d/", "d/f", "e/"}, "/d", "/e", map[string]string{"e/": "", "e/f": "d/f"}, nil},
		"a directory to one that is not empty":                 {vfs.Move, []string{"d/", "e/", "e/f"}, "/d", "/e", nil, vfs.ErrExist},
		"the top directory":                                    {vfs.Move, []string{"d/"}, "/", "/d", nil, vfs.ErrInvalidName},

		"as a directory, to a new name": {vfs.MoveDir, []string{"d/", "d/f"}, "/d", "/new", map[string]string{"new/": "", "new/f": "d/f"}, nil},
		"as a directory, to itself":     {vfs.MoveDir, []string{"d/", "d/f"}, "/d", "/d", nil, nil},
		"as a directory, to a file":     {vfs.MoveDir, []string{"d/", "f"}, "/d", "/f", nil, vfs.ErrNotDir},
		"as a directory, into an empty one": {
			vfs.MoveDir, []string{"d/", "d/f", "e/"}, "/d", "/e", map[string]string{"e/": "", "e/d/": "", "e/d/f": "d/f"}, nil,
		},
		"as a directory, into one that is not empty": {
			vfs.MoveDir, []string{"d/", "e/", "e/f"}, "/d", "/e", map[string]string{"e/": "", "e/d/": "", "e/f": "e/f"}, nil,
		},
		"as a directory, into one with a directory of its name": {vfs.MoveDir, []string{"d/", "e/", "e/d/"}, "/d", "/e", nil, vfs.ErrExist},
		"as a directory, into one with a file of its name":      {vfs.MoveDir, []string{"d/", "e/", "e/d"}, "/d", "/e", nil, vfs.ErrExist},
		"as a directory, into one that is in it":                {vfs.MoveDir, []string{"d/", "d/e/"}, "/d", "/d/e", nil, vfs.ErrInvalidName},
		"as a directory, to a new name in it":                   {vfs.MoveDir, []string{"d/"}, "/d", "/d/new", nil, vfs.ErrInvalidName},
		"as a directory, the top directory":                     {vfs.MoveDir, []string{"d/"}, "/", "/d", nil, vfs.ErrInvalidName},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := tree(t, tt.there...)
			if tt.want == nil {
				tt.want = contents(t, fsys, vfs.Root)
			}
			if err := tt.move(t.Context(), fsys, tt.old, tt.new); !errors.Is(err, tt.err) || tt.err == nil && err != nil {
				t.Errorf("moving %q to %q: %v, want %v", tt.old, tt.new, err, tt.err)
			}
			if diff := cmp.Diff(tt.want, contents(t, fsys, vfs.Root)); diff != "" {
				t.Errorf("what is there (-want +got):\n%s", diff)
			}
		})
	}
}
