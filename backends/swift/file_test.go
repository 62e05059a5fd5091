package swift

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

func (f *fake) open(t *testing.T, p vfs.Path, opts vfs.OpenOptions) vfs.File {
	t.Helper()
	r, err := f.Open(t.Context(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestReadsAfterAJump makes several parallel reads at another place of the file, as a client does
// that resumes a download.
func TestReadsAfterAJump(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ReadAhead = buffers.BlockSize })
	const part = 32 * kib
	data := apitest.Noise(16 * mib)
	f.mustWrite(t, "/c/file", data)
	r := f.open(t, "/c/file", vfs.OpenOptions{})
	for range 30 {
		at := rand.Int64N(int64(len(data)) - 10*part)
		if _, err := r.ReadAt(make([]byte, part), at); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range int64(8) {
			off := at + (i+1)*part
			started := make(chan struct{})
			wg.Go(func() {
				close(started)
				p := make([]byte, part)
				if _, err := r.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+part]) {
					t.Errorf("reading at %d: %v, or the wrong bytes", off, err)
				}
			})
			<-started
		}
		within(t, 20*time.Second, "all reads end", wg.Wait)
	}
}

// within fails the test unless do returns within limit.
func within(t *testing.T, limit time.Duration, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not in %v: %s", limit, what)
	}
}

// TestReadAtInAnyOrder reads a complete file by many small reads, several in parallel.
func TestReadAtInAnyOrder(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ReadAhead = 2 * mib })
	data := apitest.Noise(5*mib + 17)
	f.mustWrite(t, "/c/file", data)
	r := f.open(t, "/c/file", vfs.OpenOptions{})
	const part = 100_000
	offs := make(chan int64)
	got := make([]byte, len(data))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for off := range offs {
				n, err := r.ReadAt(got[off:min(off+part, int64(len(got)))], off)
				if err != nil || n == 0 {
					t.Errorf("ReadAt %d = %d, %v", off, n, err)
				}
			}
		})
	}
	for off := int64(0); off < int64(len(data)); off += part {
		offs <- off
	}
	close(offs)
	wg.Wait()
	if !bytes.Equal(got, data) {
		t.Error("the content is another one")
	}
	if _, err := r.ReadAt(make([]byte, 1), int64(len(data))); err != io.EOF {
		t.Errorf("ReadAt at the end: %v", err)
	}
	if n := f.srv.Count(swifttest.GetObject); n > 4 {
		t.Errorf("%d GETs for a file that was read forward", n)
	}
}

// TestRandomReads reads at random places, from one goroutine.
func TestRandomReads(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ReadAhead = buffers.BlockSize })
	data := apitest.Noise(3 * mib)
	f.mustWrite(t, "/c/file", data)
	r := f.open(t, "/c/file", vfs.OpenOptions{Offset: mib})
	for range 200 {
		off := rand.IntN(len(data) + 10)
		p := make([]byte, rand.IntN(300_000)+1)
		n, err := r.ReadAt(p, int64(off))
		want := data[min(off, len(data)):min(off+len(p), len(data))]
		if !bytes.Equal(p[:n], want) || (err != nil) != (n < len(p)) || err != nil && err != io.EOF {
			t.Fatalf("ReadAt(%d bytes, %d) = %d, %v; or the wrong bytes", len(p), off, n, err)
		}
	}
}

// TestReadersGiveMemoryBack opens more files than there is memory to read ahead for.
func TestReadersGiveMemoryBack(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ReadAhead = 4 * mib })
	data := apitest.Noise(6 * mib)
	f.mustWrite(t, "/c/file", data)
	for range 8 {
		r := f.open(t, "/c/file", vfs.OpenOptions{})
		if _, err := r.ReadAt(make([]byte, 1), 0); err != nil {
			t.Fatal(err)
		}
		// The client makes no further reads.
	}
	f.has(t, "/c/file", data, "clients that stand still must not keep others from reading")
	f.mustWrite(t, "/c/other", data)
	f.has(t, "/c/other", data, "nor from writing")
}

// TestFileClosed closes a file during a read.
func TestFileClosed(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/file", apitest.Noise(4*mib))
	stalled := make(chan struct{}, 10)
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{
		At: swifttest.InAnswer, Bytes: mib, Call: func() { stalled <- struct{}{} }, Stall: swifttest.Forever(),
	}})
	r := f.open(t, "/c/file", vfs.OpenOptions{})
	result := make(chan error)
	go func() {
		_, err := r.ReadAt(make([]byte, 3*mib), 0)
		result <- err
	}()
	<-stalled
	within(t, 10*time.Second, "Close ends what waits for Swift", func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := <-result; !errors.Is(err, vfs.ErrClosed) && vfs.Kind(err) == nil {
			t.Errorf("the read that was under way: %v", err)
		}
	})
	if err := r.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	if _, err := r.ReadAt(make([]byte, 1), 0); !errors.Is(err, vfs.ErrClosed) {
		t.Errorf("a read after Close: %v", err)
	}
}

// TestReadsOfOnePage reads the same places of a file repeatedly.
func TestReadsOfOnePage(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	data := apitest.Noise(20 * mib)
	f.mustWrite(t, "/c/file", data)
	r := f.open(t, "/c/file", vfs.OpenOptions{})
	f.srv.ForgetRequests()
	for i := range 200 {
		off := []int{19 * mib, 10*mib + 5, 12 * mib}[i%3] + i*100
		p := make([]byte, 4096)
		if n, err := r.ReadAt(p, int64(off)); n != len(p) || err != nil || !bytes.Equal(p, data[off:off+n]) {
			t.Fatalf("reading at %d: %d, %v; or the wrong bytes", off, n, err)
		}
	}
	if n := f.srv.Count(swifttest.GetObject); n > 6 {
		t.Errorf("%d GETs for 200 reads of three places of 20,000 bytes: each page should come once", n)
	}
}
