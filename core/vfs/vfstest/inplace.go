package vfstest

import (
	"errors"
	"fmt"
	"io"

	"filegate/core/vfs"
)

// testInPlace is about writers that begin with the present content.
func testInPlace(e *env) {
	e.run("missing", func(e *env) {
		w := e.create(e.path("new"), vfs.WriteOptions{Create: true})
		e.stream(w, data(1, 1000))
		e.commit(w)
		e.has(e.path("new"), data(1, 1000), "a missing file is made, with Truncate or without")
		_, err := e.fs.OpenWriter(e.Context(), e.path("missing"), vfs.WriteOptions{})
		e.is(err, vfs.ErrNotExist, "OpenWriter of a missing file, without Create")
		e.hasNot(e.path("missing"), "OpenWriter without Create makes nothing")
	})

	if e.limits.NoInPlace {
		e.run("refused", func(e *env) {
			e.put(e.path("file"), data(1, 1000))
			for _, opts := range []vfs.WriteOptions{{}, {Create: true}, {Offset: 10}, {Offset: vfs.AtEnd}} {
				w, err := e.fs.OpenWriter(e.Context(), e.path("file"), opts)
				if err == nil {
					w.Close()
				}
				e.is(err, vfs.ErrUnsupported, fmt.Sprintf("OpenWriter with %+v, where contents are only replaced as a whole", opts))
			}
			e.has(e.path("file"), data(1, 1000), "a refused change changes nothing")
		})
		return
	}

	e.run("resume", func(e *env) {
		e.unless(e.limits.NoOffset)
		for _, tt := range []struct {
			name               string
			old, offset, write int
		}{
			{"at the end", 100_000, 100_000, 50_000},
			{"before the end", 100_000, 90_000, 50_000},
			{"inside", 100_000, 10, 50_000},
			{"at the start", 100_000, 0, 10},
			{"of much", big, big, big},
		} {
			e.run(tt.name, func(e *env) {
				e.unless(e.limits.Sequential && tt.offset == 0) // such a stream replaces
				e.put(e.path("file"), data(1, tt.old))
				w := e.create(e.path("file"), vfs.WriteOptions{Create: true, Offset: int64(tt.offset)})
				e.stream(w, data(2, tt.write))
				e.commit(w)
				want := resized(data(1, tt.old), int64(max(tt.old, tt.offset+tt.write)))
				copy(want[tt.offset:], data(2, tt.write))
				e.has(e.path("file"), want, "ReadFrom begins at the offset, and leaves what it does not reach")
			})
		}
	})

	e.run("behind the end", func(e *env) {
		e.unless(e.limits.NoOffset)
		e.put(e.path("file"), data(1, 1000))
		for _, offset := range []int64{1001, 150_000, 1 << 50} {
			e.behind(e.path("file"), vfs.WriteOptions{Create: true, Offset: offset}, fmt.Sprintf("OpenWriter of 1000 bytes with the offset %d", offset))
		}
		e.has(e.path("file"), data(1, 1000), "a refused offset changes nothing")
	})

	e.run("append", func(e *env) {
		e.unless(e.limits.NoAppend)
		var want []byte
		for i, size := range []int{0, 10, big, 1, 70_000} {
			w := e.create(e.path("file"), vfs.WriteOptions{Create: true, Offset: vfs.AtEnd})
			e.stream(w, data(uint64(i), size))
			e.commit(w)
			want = append(want, data(uint64(i), size)...)
			e.has(e.path("file"), want, "AtEnd places ReadFrom behind the present content")
		}
		w := e.create(e.path("file"), vfs.WriteOptions{Truncate: true, Offset: vfs.AtEnd})
		e.stream(w, data(9, 10))
		e.commit(w)
		e.has(e.path("file"), data(9, 10), "with Truncate the end is the start")
	})

	e.run("old content", func(e *env) {
		e.unless(e.limits.NoOffset)
		const rule = "the old content stays whole before Commit"
		e.put(e.path("file"), data(1, 100_000))
		w := e.create(e.path("file"), vfs.WriteOptions{Offset: 50_000})
		e.stream(w, data(2, 100_000))
		e.has(e.path("file"), data(1, 100_000), rule)
		if e.limits.NoAbort {
			return
		}
		if err := w.Close(); err != nil {
			e.Errorf("Close: %v", err)
		}
		e.has(e.path("file"), data(1, 100_000), rule+", and after Close without it")
	})

	e.run("pieces", func(e *env) {
		e.unless(e.limits.Sequential)
		want := data(1, big)
		e.put(e.path("file"), want)
		w := e.create(e.path("file"), vfs.WriteOptions{})
		if w.Size() != big {
			e.Errorf("Size = %d at the start, want that of the present content, %d", w.Size(), big)
		}
		for i, off := range []int{big - 5, 0, 1_000_000, 3} {
			e.writeAt(w, data(uint64(50+i), 1000), int64(off))
			want = resized(want, int64(max(len(want), off+1000)))
			copy(want[off:], data(uint64(50+i), 1000))
		}
		e.commit(w)
		e.has(e.path("file"), want, "WriteAt changes what it writes, and nothing else")
	})

	e.run("no change", func(e *env) {
		e.unless(e.limits.Sequential)
		e.put(e.path("file"), data(1, 1000))
		e.commit(e.create(e.path("file"), vfs.WriteOptions{}))
		e.has(e.path("file"), data(1, 1000), "a writer that was not written to leaves the content as it is")
	})

	e.run("truncate", func(e *env) {
		e.unless(e.limits.NoTruncate)
		for _, size := range []int64{0, 1, 99_999, 100_000, 200_001} {
			e.put(e.path("file"), data(1, 100_000))
			if err := vfs.Truncate(e.Context(), e.fs, e.path("file"), size); err != nil {
				e.Errorf("Truncate(%d): %v", size, err)
			}
			e.has(e.path("file"), resized(data(1, 100_000), size), fmt.Sprintf("Truncate to %d", size))
		}
		e.is(vfs.Truncate(e.Context(), e.fs, e.path("missing"), 10), vfs.ErrNotExist, "Truncate of a missing file")
		e.hasNot(e.path("missing"), "Truncate makes no file")
	})

	e.run("read back", testReadBack)
}

func testReadBack(e *env) {
	reading := vfs.WriteOptions{Create: true, Read: true}
	e.put(e.path("file"), data(1, 100_000))
	w, err := e.fs.OpenWriter(e.Context(), e.path("file"), reading)
	if err == nil {
		defer w.Close()
		var r io.ReaderAt
		if r, err = vfs.ReadWriterAt(w); err == nil {
			if e.limits.NoReadBack {
				e.Error("the subject has ReadWriterAt, and yet declares NoReadBack")
			}
			e.readBack(w, r)
			return
		}
	}
	if e.limits.NoReadBack {
		e.is(err, vfs.ErrUnsupported, "reading what is being written, where that is not possible")
		return
	}
	e.Fatalf("OpenWriter with Read, then ReadWriterAt: %v", err)
}

func (e *env) readBack(w vfs.Writer, r io.ReaderAt) {
	const rule = "reads of a writer see its writes"
	want := data(1, 100_000)
	check := func() {
		e.Helper()
		got, err := io.ReadAll(io.NewSectionReader(r, 0, 1<<40))
		if err != nil {
			e.Errorf("reading from the writer: %v", err)
		}
		e.same(got, want, rule)
	}
	check()
	e.writeAt(w, data(2, 1000), 500)
	copy(want[500:], data(2, 1000))
	check()
	e.writeAt(w, data(3, 1000), 150_000)
	want = append(resized(want, 150_000), data(3, 1000)...)
	check()
	if _, err := r.ReadAt(make([]byte, 1), 151_000); !errors.Is(err, io.EOF) {
		e.Errorf("ReadAt at the end of what has been written: %v, want io.EOF", err)
	}
	if !e.limits.NoTruncate {
		e.truncate(w, 700)
		want = want[:700]
		check()
	}
	e.commit(w)
	e.has(e.path("file"), want, "what is committed is what was read")
}
