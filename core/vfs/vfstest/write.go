package vfstest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"filegate/core/vfs"
)

// testWrite is about how contents arrive: in streams, in pieces, in any order.
func testWrite(e *env) {
	e.run("stream", func(e *env) {
		content := data(1, big)
		w := e.create(e.path("file"), replace)
		e.stream(w, content)
		if w.Size() != big {
			e.Errorf("Size = %d before Commit, want %d", w.Size(), big)
		}
		e.commit(w)
		e.has(e.path("file"), content, "ReadFrom takes everything that the reader has")
	})

	e.run("nothing", func(e *env) {
		e.commit(e.create(e.path("file"), replace))
		e.has(e.path("file"), nil, "a file that nothing was written to is empty")
		e.put(e.path("file"), data(1, 100))
		e.commit(e.create(e.path("file"), replace))
		e.has(e.path("file"), nil, "Truncate begins empty")
	})

	e.run("size hint", func(e *env) {
		for _, hint := range []int64{1, 1000, 1 << 20} {
			w := e.create(e.path("file"), vfs.WriteOptions{Create: true, Truncate: true, Size: hint})
			e.stream(w, data(1, 70_000))
			e.commit(w)
			e.has(e.path("file"), data(1, 70_000), fmt.Sprintf("the caller is not held to the size that it announced, %d", hint))
		}
	})

	e.run("stream at offset", func(e *env) {
		e.unless(e.limits.NoOffset)
		const rule = "OpenWriter with an Offset behind the end"
		e.behind(e.path("new"), vfs.WriteOptions{Create: true, Offset: 1}, rule+", of a file that is not there")
		e.behind(e.path("new"), vfs.WriteOptions{Create: true, Truncate: true, Offset: 5000}, rule+", of an empty one")
		e.behind(e.path("new"), vfs.WriteOptions{Create: true, Offset: math.MaxInt64}, rule+", as far as can be")
		e.hasNot(e.path("new"), rule)
		e.put(e.path("file"), data(1, 1000))
		e.behind(e.path("file"), vfs.WriteOptions{Create: true, Truncate: true, Offset: 1}, rule+", which Truncate puts to the start")
		e.has(e.path("file"), data(1, 1000), rule+" changes nothing")
	})

	e.run("too large", func(e *env) {
		e.unless(e.limits.Sequential)
		full := []error{vfs.ErrTooLarge, vfs.ErrQuota}
		for _, size := range []int64{1 << 62, math.MaxInt64} {
			w := e.create(e.path("file"), replace)
			_, err := w.WriteAt([]byte{1}, size-1)
			e.isOne(err, full, fmt.Sprintf("WriteAt at %d", size-1))
			w.Close()
			if e.limits.NoTruncate {
				continue
			}
			w = e.create(e.path("file"), replace)
			e.isOne(w.Truncate(size), full, fmt.Sprintf("Truncate to %d", size))
			w.Close()
		}
	})

	e.run("two streams", func(e *env) {
		e.unless(e.limits.Sequential)
		content := data(1, 200_000)
		w := e.create(e.path("file"), replace)
		e.stream(w, content[:70_001])
		e.stream(w, content[70_001:])
		e.commit(w)
		e.has(e.path("file"), content, "ReadFrom goes on where the last ReadFrom ended")
	})

	e.run("truncate", func(e *env) {
		e.unless(e.limits.NoTruncate)
		content := data(1, 100_000)
		for _, size := range []int64{0, 1, 99_999, 100_000, 150_001} {
			w := e.create(e.path("file"), replace)
			e.stream(w, content)
			e.truncate(w, size)
			if w.Size() != size {
				e.Errorf("Size = %d after Truncate(%d)", w.Size(), size)
			}
			e.commit(w)
			e.has(e.path("file"), resized(content, size), fmt.Sprintf("Truncate(%d) drops what is behind, and fills with zeros what is missing", size))
		}
	})

	e.run("truncate and grow", func(e *env) {
		e.unless(e.limits.NoTruncate)
		w := e.create(e.path("file"), replace)
		e.stream(w, data(1, 10_000))
		e.truncate(w, 100)
		e.truncate(w, 10_000)
		e.commit(w)
		e.has(e.path("file"), resized(data(1, 100), 10_000), "what Truncate has dropped reads as zeros when the file grows again")
	})

	e.run("at", testWriteAt)
}

func testWriteAt(e *env) {
	e.unless(e.limits.Sequential)
	const part = 65_537
	content := data(1, big)
	parts := slices.Collect(slices.Chunk(content, part))

	inOrder := func(name string, order func(n int) []int) {
		e.run(name, func(e *env) {
			w := e.create(e.path("file"), replace)
			for _, i := range order(len(parts)) {
				e.writeAt(w, parts[i], int64(i*part))
			}
			if w.Size() != big {
				e.Errorf("Size = %d before Commit, want %d", w.Size(), big)
			}
			e.commit(w)
			e.has(e.path("file"), content, "pieces are written in any order")
		})
	}
	inOrder("forwards", func(n int) []int {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		return order
	})
	inOrder("backwards", func(n int) []int {
		order := make([]int, n)
		for i := range order {
			order[i] = n - 1 - i
		}
		return order
	})
	inOrder("shuffled", rand.New(rand.NewPCG(1, 2)).Perm)

	e.run("overlapping", func(e *env) {
		want := bytes.Clone(content)
		w := e.create(e.path("file"), replace)
		e.writeAt(w, content, 0)
		for i, off := range []int{0, 1000, 30_000, 500_000, 499_990, 2_000_000, big - part} {
			piece := data(uint64(100+i), part)
			copy(want[off:], piece)
			e.writeAt(w, piece, int64(off))
		}
		e.commit(w)
		e.has(e.path("file"), want, "of writes that overlap, the last one counts")
	})

	e.run("gaps", func(e *env) {
		want := make([]byte, 3_000_010)
		w := e.create(e.path("file"), replace)
		for _, off := range []int{3_000_000, 10, 700_000, 70_000} {
			copy(want[off:], data(uint64(off), 10))
			e.writeAt(w, data(uint64(off), 10), int64(off))
		}
		e.commit(w)
		e.has(e.path("file"), want, "bytes that are never written, below the final size, read as zeros")
	})

	e.run("parallel", func(e *env) {
		w := e.create(e.path("file"), replace)
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := worker; i < len(parts); i += 8 {
					if n, err := w.WriteAt(parts[i], int64(i*part)); err != nil || n != len(parts[i]) {
						e.Errorf("WriteAt of %d bytes at %d = %d, %v", len(parts[i]), i*part, n, err)
						return
					}
					w.Size()
				}
			})
		}
		wg.Wait()
		e.commit(w)
		e.has(e.path("file"), content, "WriteAt and Size may be called from many goroutines at once")
	})

	e.run("buffer is the caller's", func(e *env) {
		w := e.create(e.path("file"), replace)
		p := make([]byte, part)
		for i, piece := range parts {
			n := copy(p, piece)
			e.writeAt(w, p[:n], int64(i*part))
			clear(p)
		}
		e.commit(w)
		e.has(e.path("file"), content, "WriteAt does not keep its argument")
	})

	e.run("nothing", func(e *env) {
		w := e.create(e.path("file"), replace)
		e.writeAt(w, data(1, 10), 0)
		e.writeAt(w, nil, 5)
		e.commit(w)
		e.has(e.path("file"), data(1, 10), "a write of nothing changes nothing")
	})

	e.run("with stream", func(e *env) {
		want := data(1, 1000)
		w := e.create(e.path("file"), replace)
		e.stream(w, want)
		e.writeAt(w, data(2, 10), 495)
		copy(want[495:], data(2, 10))
		e.stream(w, data(3, 10))
		e.commit(w)
		e.has(e.path("file"), append(want, data(3, 10)...), "WriteAt does not move the place where ReadFrom goes on")
	})

	e.run("with truncate", func(e *env) {
		e.unless(e.limits.NoTruncate)
		want := make([]byte, 5010)
		w := e.create(e.path("file"), replace)
		e.writeAt(w, data(1, 1000), 0)
		e.truncate(w, 100)
		e.writeAt(w, data(2, 10), 5000)
		e.commit(w)
		copy(want, data(1, 1000)[:100])
		copy(want[5000:], data(2, 10))
		e.has(e.path("file"), want, "what Truncate has dropped reads as zeros when a later write makes the file longer")
	})

	e.run("negative", func(e *env) {
		w := e.create(e.path("file"), replace)
		_, err := w.WriteAt(data(1, 10), -1)
		e.is(err, vfs.ErrInvalid, "WriteAt at a negative offset")
		if _, err := w.Commit(e.Context()); err == nil {
			e.Error("Commit = nil after a failed WriteAt: the content is no longer what the caller meant")
		}
	})
}

func (e *env) truncate(w vfs.Writer, size int64) {
	e.Helper()
	if err := w.Truncate(size); err != nil {
		e.Fatalf("Truncate(%d): %v", size, err)
	}
}

// resized is the content as Truncate leaves it.
func resized(content []byte, size int64) []byte {
	b := make([]byte, size)
	copy(b, content)
	return b
}

// behind checks that an offset behind the end is refused.
func (e *env) behind(p vfs.Path, opts vfs.WriteOptions, rule string) {
	e.Helper()
	w, err := e.fs.OpenWriter(e.Context(), p, opts)
	if err == nil {
		w.Close()
	}
	e.is(err, vfs.ErrInvalid, rule)
}
