package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"filegate/core/vfs"
)

// big is more than one buffer of anybody, and a multiple of nothing.
const big = 5<<20 + 4321

func testRead(e *env) {
	e.run("whole", func(e *env) {
		for _, size := range []int{0, 1, 4095, 4096, 32768, 100_000, big} {
			name := e.path(fmt.Sprint(size))
			content := data(uint64(size), size)
			e.put(name, content)
			e.has(name, content, fmt.Sprintf("a file of %d bytes reads as it was written", size))
		}
	})

	e.run("info", func(e *env) {
		e.put(e.path("file"), data(1, 1000))
		info, want := e.open(e.path("file"), vfs.OpenOptions{}).Info(), e.stat(e.path("file"))
		if info.Name != want.Name || info.Size != want.Size || info.Mode != want.Mode || info.Version != want.Version || !e.sameTime(info.ModTime, want.ModTime) {
			e.Errorf("Info of an open file is %+v, Stat says %+v", info, want)
		}
	})

	e.run("close twice", func(e *env) {
		e.put(e.path("file"), data(1, 1000))
		f := e.open(e.path("file"), vfs.OpenOptions{})
		for range 2 {
			if err := f.Close(); err != nil {
				e.Errorf("Close: %v; it may be called twice", err)
			}
		}
	})

	e.run("offset", func(e *env) {
		e.unless(e.limits.NoOffset)
		content := data(1, 100_000)
		e.put(e.path("file"), content)
		for _, offset := range []int64{0, 1, 50_001, 99_999, 100_000, 200_000} {
			f := e.open(e.path("file"), vfs.OpenOptions{Offset: offset})
			var b bytes.Buffer
			if _, err := f.WriteTo(&b); err != nil {
				e.Errorf("WriteTo from offset %d: %v", offset, err)
			}
			e.same(b.Bytes(), content[min(offset, 100_000):], fmt.Sprintf("WriteTo begins at offset %d; at or behind the end there is nothing to write", offset))
		}
	})

	e.run("failing sink", func(e *env) {
		e.put(e.path("file"), data(1, big))
		f := e.open(e.path("file"), vfs.OpenOptions{})
		room := 1 << 20
		_, err := f.WriteTo(writerFunc(func(p []byte) (int, error) {
			if room -= len(p); room < 0 {
				return 0, errors.New("the sink is full")
			}
			return len(p), nil
		}))
		if err == nil {
			e.Error("WriteTo = nil, but its writer has failed: nil means that the writer has the whole")
		}
	})

	e.run("at", testReadAt)
	e.run("if version", func(e *env) {
		e.unless(e.limits.NoVersion)
		old := e.put(e.path("file"), data(1, 1000))
		e.open(e.path("file"), vfs.OpenOptions{IfVersion: old.Version})
		e.put(e.path("file"), data(2, 1000))
		f, err := e.fs.Open(e.Context(), e.path("file"), vfs.OpenOptions{IfVersion: old.Version})
		if err == nil {
			f.Close()
		}
		e.is(err, vfs.ErrChanged, "Open with the version of an older content")
	})
	e.run("replaced", testReadReplaced)
}

func testReadAt(e *env) {
	e.unless(e.limits.NoReadAt)
	content := data(1, big)
	open := func(e *env) vfs.File {
		e.Helper()
		e.put(e.path("file"), content)
		return e.open(e.path("file"), vfs.OpenOptions{})
	}

	e.run("ends", func(e *env) {
		f := open(e)
		for _, tt := range []struct {
			off  int64
			n    int
			want int
			eof  bool
		}{
			{off: 0, n: 10, want: 10},
			{off: big - 10, n: 20, want: 10, eof: true},
			{off: big - 1, n: 2, want: 1, eof: true},
			{off: big, n: 1, want: 0, eof: true},
			{off: big + 1, n: 1, want: 0, eof: true},
			{off: 1 << 40, n: 1, want: 0, eof: true},
		} {
			p := make([]byte, tt.n)
			n, err := f.ReadAt(p, tt.off)
			if n != tt.want || tt.eof != errors.Is(err, io.EOF) || !tt.eof && err != nil {
				e.Errorf("ReadAt of %d bytes at %d = %d, %v; want %d (io.EOF: %v): reads are only short at the end, and say so",
					tt.n, tt.off, n, err, tt.want, tt.eof)
			}
		}
		p := make([]byte, 10)
		if n, err := f.ReadAt(p, big-10); n != 10 || err != nil && !errors.Is(err, io.EOF) {
			e.Errorf("ReadAt of the last 10 bytes = %d, %v; want 10, with io.EOF or without", n, err)
		}
		if n, err := f.ReadAt(nil, 5); n != 0 || err != nil {
			e.Errorf("ReadAt of nothing = %d, %v; want 0 and no error", n, err)
		}
	})

	e.run("negative", func(e *env) {
		_, err := open(e).ReadAt(make([]byte, 1), -1)
		e.is(err, vfs.ErrInvalid, "ReadAt at a negative offset")
	})

	e.run("forwards", func(e *env) {
		got, err := io.ReadAll(io.NewSectionReader(open(e), 0, big))
		if err != nil {
			e.Errorf("reading forwards with ReadAt: %v", err)
		}
		e.same(got, content, "pieces read one after the other make up the whole")
	})

	e.run("backwards", func(e *env) {
		f := open(e)
		got := make([]byte, big)
		for end := int64(big); end > 0; {
			off := max(end-100_003, 0)
			if n, err := f.ReadAt(got[off:end], off); n != int(end-off) || err != nil && !errors.Is(err, io.EOF) {
				e.Fatalf("ReadAt of %d bytes at %d = %d, %v; never short except at the end", end-off, off, n, err)
			}
			end = off
		}
		e.same(got, content, "pieces read from the end to the start make up the whole")
	})

	e.run("parallel", func(e *env) {
		const part = 70_001
		f := open(e)
		got := make([]byte, big)
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for off := worker * part; off < big; off += 8 * part {
					p := got[off:min(off+part, big)]
					if n, err := f.ReadAt(p, int64(off)); n != len(p) || err != nil && !errors.Is(err, io.EOF) {
						e.Errorf("ReadAt of %d bytes at %d = %d, %v", len(p), off, n, err)
						return
					}
				}
			})
		}
		wg.Wait()
		e.same(got, content, "ReadAt may be called from many goroutines at once")
	})
}

// testReadReplaced replaces a file while it is being read. A reader gets the content that it has
// opened, or is told that it has gone.
func testReadReplaced(e *env) {
	e.unless(e.limits.NoSnapshot)
	const rule = "all reads see the content that was there at Open, or fail with ErrChanged; never a mixture"
	const size = 1 << 20
	old := data(1, size)

	for _, tt := range []struct {
		name string
		with []byte
	}{
		{"same size", data(2, size)},
		{"shorter", data(3, size/4)},
		{"longer", data(4, 2*size)},
	} {
		e.run(tt.name+" under ReadAt", func(e *env) {
			e.unless(e.limits.NoReadAt)
			e.put(e.path("file"), old)
			f := e.open(e.path("file"), vfs.OpenOptions{})
			for off := int64(0); off < size; off += size / 8 {
				if off == size/2 {
					e.put(e.path("file"), tt.with)
				}
				p := make([]byte, size/8)
				if n, err := f.ReadAt(p, off); n < len(p) {
					e.is(err, vfs.ErrChanged, rule)
					return
				}
				e.same(p, old[off:off+size/8], rule)
			}
		})
		e.run(tt.name+" under WriteTo", func(e *env) {
			e.put(e.path("file"), old)
			f := e.open(e.path("file"), vfs.OpenOptions{})
			var got bytes.Buffer
			replaced := false
			_, err := f.WriteTo(writerFunc(func(p []byte) (int, error) {
				if !replaced {
					replaced = true
					e.put(e.path("file"), tt.with)
				}
				return got.Write(p)
			}))
			if err != nil {
				e.is(err, vfs.ErrChanged, rule)
				e.same(got.Bytes(), old[:min(got.Len(), size)], rule)
				return
			}
			e.same(got.Bytes(), old, rule)
		})
	}
}
