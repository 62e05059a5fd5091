package vfstest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/google/go-cmp/cmp"

	"filegate/core/vfs"
)

func testList(e *env) {
	e.run("empty", func(e *env) {
		l, err := e.fs.List(e.Context(), e.dir)
		if err != nil {
			e.Fatalf("List: %v", err)
		}
		for range 2 {
			if page, err := l.Next(e.Context()); !errors.Is(err, io.EOF) || len(page) != 0 {
				e.Errorf("Next = %d entries, %v; an empty directory has no page, only io.EOF, as often as asked", len(page), err)
			}
		}
		for range 2 {
			if err := l.Close(); err != nil {
				e.Errorf("Close: %v; it may be called twice", err)
			}
		}
	})

	e.run("entries", func(e *env) {
		e.put(e.path("file"), data(1, 77))
		e.put(e.path("empty"), nil)
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "below"), data(1, 5))
		e.mkdir(e.path("dir", "deeper"))
		e.put(e.path("dir.txt"), data(1, 6))
		e.mkdir(e.path("dir-2"))
		entries := e.list(e.dir)
		e.names(entries, "a listing has the entries of its directory, and nothing from below them", "file", "empty", "dir", "dir.txt", "dir-2")
		for name, entry := range entries {
			info := e.stat(e.path(name))
			if entry.Size != info.Size || entry.Mode.Type() != info.Mode.Type() || entry.IsDir() && entry.Size != 0 {
				e.Errorf("the listing says %q is size %d, mode %v; Stat says size %d, mode %v", name, entry.Size, entry.Mode, info.Size, info.Mode)
			}
			if !entry.IsDir() && !e.sameTime(entry.ModTime, info.ModTime) {
				e.Errorf("the listing says %q is of %v; Stat says %v", name, entry.ModTime, info.ModTime)
			}
		}
	})

	e.run("root", func(e *env) {
		if _, ok := e.list(vfs.Root)[e.dir.Elements()[0]]; !ok {
			e.Errorf("the listing of the root does not have %q", e.dir.Elements()[0])
		}
	})

	e.run("changes", func(e *env) {
		const rule = "what has been done is seen by the next listing"
		e.put(e.path("a"), data(1, 10))
		e.names(e.list(e.dir), rule, "a")
		e.mkdir(e.path("d"))
		e.names(e.list(e.dir), rule, "a", "d")
		e.put(e.path("a"), data(1, 20))
		if entries := e.list(e.dir); entries["a"].Size != 20 {
			e.Errorf("the size is %d, want 20: %s", entries["a"].Size, rule)
		}
		if err := e.fs.Remove(e.Context(), e.path("a")); err != nil {
			e.Fatalf("Remove: %v", err)
		}
		e.names(e.list(e.dir), rule, "d")
		if err := e.fs.Rmdir(e.Context(), e.path("d")); err != nil {
			e.Fatalf("Rmdir: %v", err)
		}
		e.names(e.list(e.dir), rule)
	})

	e.run("many", func(e *env) {
		many := e.limits.Many
		if many == 0 {
			many = 1100 // more than a page of Ceph's
		}
		names := e.fill(many)
		e.names(e.list(e.dir), "a directory of any size is listed whole", names...)

		l, err := e.fs.List(e.Context(), e.dir)
		if err != nil {
			e.Fatalf("List: %v", err)
		}
		if page, err := l.Next(e.Context()); err != nil || len(page) == 0 {
			e.Errorf("the first page has %d entries, %v", len(page), err)
		}
		if err := l.Close(); err != nil {
			e.Errorf("Close: %v; a listing can be left before its end", err)
		}
	})

	e.run("changed on the way", func(e *env) {
		names := e.fill(300)
		l, err := e.fs.List(e.Context(), e.dir)
		if err != nil {
			e.Fatalf("List: %v", err)
		}
		defer l.Close()
		seen := make(map[string]int)
		gone := make(map[string]bool)
		for i := 0; ; i++ {
			page, err := l.Next(e.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				e.Fatalf("Next: %v; a listing goes on while its directory changes", err)
			}
			for _, info := range page {
				seen[info.Name]++
			}
			if i < 5 { // one entry goes and one comes for each of the first pages
				name := names[50*i]
				gone[name] = true
				if err := e.fs.Rmdir(e.Context(), e.path(name)); err != nil {
					e.Fatalf("Rmdir: %v", err)
				}
				e.mkdir(e.path(fmt.Sprint("new-", i)))
			}
		}
		for _, name := range names {
			if !gone[name] && seen[name] != 1 {
				e.Errorf("%q came %d times; an entry that stays comes once, whatever happens to others", name, seen[name])
			}
		}
		for name, n := range seen {
			if n > 1 {
				e.Errorf("%q came %d times; no entry comes twice", name, n)
			}
		}
	})
}

// fill makes n directories, which cost a store less than files, and returns their names.
func (e *env) fill(n int) []string {
	e.Helper()
	names := make([]string, n)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < n; i += 4 {
				names[i] = fmt.Sprintf("entry %05d", i)
				if err := e.fs.Mkdir(e.Context(), e.path(names[i])); err != nil {
					e.Errorf("Mkdir: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if e.Failed() {
		e.FailNow()
	}
	return names
}

// names checks that the entries are those of the names.
func (e *env) names(entries map[string]vfs.Info, rule string, want ...string) {
	e.Helper()
	got := slices.Sorted(maps.Keys(entries))
	want = slices.Sorted(slices.Values(want))
	if diff := cmp.Diff(want, got); diff != "" {
		e.Errorf("the entries differ (-want +got): %s\n%s", rule, diff)
	}
}
