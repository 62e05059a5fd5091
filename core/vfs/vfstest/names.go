package vfstest

import (
	"fmt"
	"slices"
	"strings"

	"filegate/core/vfs"
)

// strange are names that some layer might take for something else.
func strange() []string {
	return []string{
		"with space", " leading space", "trailing space ", "  ", "tab\there",
		`single'quote`, `double"quote`, "back`tick", `back\slash`, `\`, "$HOME", "$(id)", "a;b", "a|b", "a>b", "a&b", "(a)", "{a,b}", "!a", "~", "~root",
		"100%", "%41", "%2F", "%2e%2e%2e", "%00", "a%", "a+b", "a#b", "#", "a?b=c", "?", "a=b", "a:b", "a@b", "a,b", "*", "[a-z]", "^a", "<a>",
		"-rf", "--help", "-", ".hidden", "...", "..a", "a..", ". ", "new\nline", "carriage\rreturn", "bell\a", "escape\x1b[31m", "delete\x7f",
		"caf\u00e9", "cafe\u0301", "日本語", "Ελληνικά", "русский", "עברית", "🙂", "\u202eabc", "line\u2028separator", "\ufeffbom", "a\u00a0b", "ﬀ",
		"UPPER", "upper", "Upper", "CON", "nul.txt", "thumbs.db", "file.part", "file_segments", "index.html",
		strings.Repeat("n", 255), strings.Repeat("é", 127),
	}
}

func testNames(e *env) {
	var names []string
	for _, name := range strange() {
		if !vfs.ValidName(name) {
			e.Fatalf("the suite is wrong: %q is no valid name", name)
		}
		if e.limits.Name == nil || e.limits.Name(name) {
			names = append(names, name)
		}
	}

	e.run("files", func(e *env) {
		for i, name := range names {
			e.put(e.path(name), data(uint64(i), 10+i))
		}
		e.names(e.list(e.dir), "names are listed as they were given, byte by byte", names...)
		for i, name := range names {
			e.has(e.path(name), data(uint64(i), 10+i), fmt.Sprintf("a file can be called %q, and is itself", name))
			if info := e.stat(e.path(name)); info.Name != name {
				e.Errorf("Stat says %q is called %q", name, info.Name)
			}
		}
		for _, name := range names {
			if err := e.fs.Remove(e.Context(), e.path(name)); err != nil {
				e.Errorf("Remove of %q: %v", name, err)
			}
		}
		e.names(e.list(e.dir), "all have been removed")
	})

	e.run("directories", func(e *env) {
		for i, name := range names {
			e.mkdir(e.path(name))
			e.put(e.path(name, name), data(uint64(i), 10+i))
		}
		e.names(e.list(e.dir), "names are listed as they were given, byte by byte", names...)
		for i, name := range names {
			e.hasDir(e.path(name), fmt.Sprintf("a directory can be called %q", name))
			e.names(e.list(e.path(name)), fmt.Sprintf("a directory can be called %q", name), name)
			e.has(e.path(name, name), data(uint64(i), 10+i), fmt.Sprintf("a file can be in a directory called %q", name))
		}
	})

	e.run("renamed", func(e *env) {
		e.put(e.path("plain"), data(1, 10))
		last := "plain"
		for _, name := range slices.Concat(names, []string{"plain"}) {
			if err := e.rename(last, name); err != nil {
				e.Fatalf("Rename from %q to %q: %v", last, name, err)
			}
			last = name
		}
		e.has(e.path("plain"), data(1, 10), "a file can be renamed from each name to each other")
		e.names(e.list(e.dir), "a file can be renamed from each name to each other", "plain")
	})

	e.run("too long", func(e *env) {
		long := strings.Repeat("l", 2000)
		e.unless(e.limits.Name != nil && !e.limits.Name(long))
		w, err := e.fs.OpenWriter(e.Context(), e.path(long), replace)
		if err != nil {
			e.is(err, vfs.ErrInvalidName, "OpenWriter of a name that is longer than the store takes")
			e.is(e.fs.Mkdir(e.Context(), e.path(long)), vfs.ErrInvalidName, "Mkdir of a name that is longer than the store takes")
			_, err := e.fs.Stat(e.Context(), e.path(long))
			e.isOne(err, []error{vfs.ErrNotExist, vfs.ErrInvalidName}, "Stat of a name that is longer than the store takes")
			return
		}
		defer w.Close()
		e.stream(w, data(1, 10))
		e.commit(w)
		e.has(e.path(long), data(1, 10), "a store that takes a long name keeps it")
		e.names(e.list(e.dir), "a store that takes a long name keeps it", long)
	})
}
