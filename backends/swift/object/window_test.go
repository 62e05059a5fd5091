package object

import (
	"bytes"
	"errors"
	"hash"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/pace"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestWide reads by several parallel GETs. Each part is requested once.
func TestWide(t *testing.T) {
	f, data := wideFile(t, 9<<20+12345, nil)
	var mu sync.Mutex
	now, most := 0, 0
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		now += n
		most = max(most, now)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{Call: func() { count(1) }, Delay: 20 * time.Millisecond}})
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{At: swifttest.AtAnswer, Call: func() { count(-1) }}})
	r := f.openWide(t, 4)
	var got bytes.Buffer
	if _, err := r.WriteTo(writeOnly{&got}); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Fatalf("%d bytes came, %v; or the wrong ones", got.Len(), err)
	}
	if most < 2 {
		t.Error("there was never more than one GET at a time")
	}
	if n, want := f.srv.Count(swifttest.GetObject), len(data)/(512<<10)+2; n > want {
		t.Errorf("%d GETs for a file of %d parts", n, want)
	}
}

// TestWideInAnyOrder reads by several GETs while several goroutines read at changing offsets.
func TestWideInAnyOrder(t *testing.T) {
	f, data := wideFile(t, 9<<20+12345, nil)
	r := f.openWide(t, 4)
	for range 8 {
		const part = 100_000
		at := rand.Int64N(int64(len(data)) / 2)
		offs := make(chan int64)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				p := make([]byte, part)
				for off := range offs {
					n, err := r.ReadAt(p, off)
					if err != nil && err != io.EOF || !bytes.Equal(p[:n], data[off:off+int64(n)]) {
						t.Errorf("reading at %d: %d, %v; or the wrong bytes", off, n, err)
					}
				}
			})
		}
		for i := range int64(30) {
			offs <- min(at+i*part, int64(len(data)-1))
		}
		close(offs)
		within(t, 20*time.Second, "all reads end", wg.Wait)
	}
}

// TestWideRecovers breaks some of the GETs. The file must still be read completely.
func TestWideRecovers(t *testing.T) {
	for name, fault := range map[string]swifttest.Fault{
		"503":     {Status: 503},
		"cut":     {At: swifttest.InAnswer, Bytes: 100_000, Cut: true},
		"stalled": {At: swifttest.InAnswer, Bytes: 100_000, Stall: swifttest.Forever()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, data := wideFile(t, 5<<20, func(c *config) { c.Stall = time.Second })
			f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, After: 3, Times: 3, Fault: fault})
			r := f.openWide(t, 4)
			var got bytes.Buffer
			if _, err := r.WriteTo(writeOnly{&got}); err != nil || !bytes.Equal(got.Bytes(), data) {
				t.Fatalf("%d bytes came, %v; or the wrong ones", got.Len(), err)
			}
		})
	}
}

// TestWideFails makes one part in the middle fail permanently. The client must get the beginning of
// the file.
func TestWideFails(t *testing.T) {
	f, data := wideFile(t, 5<<20, func(c *config) { c.Patience = 100 * time.Millisecond })
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, After: 3, Times: 1, Fault: swifttest.Fault{Status: 403}})
	r := f.openWide(t, 4)
	var got bytes.Buffer
	if _, err := r.WriteTo(writeOnly{&got}); !errors.Is(err, vfs.ErrPermission) || got.Len() == 0 || !bytes.HasPrefix(data, got.Bytes()) {
		t.Errorf("%d bytes came, %v; want a beginning of the file and the reason", got.Len(), err)
	}
}

// TestWideDamaged checks that the checksum finds damage in a file that is read in parts.
func TestWideDamaged(t *testing.T) {
	f, data := wideFile(t, 5<<20, nil)
	r := f.openWide(t, 4)
	if r.sum == nil {
		t.Fatal("the file has no checksum")
	}
	r.sum.want = "0123456789abcdef0123456789abcdef"
	var got bytes.Buffer
	if _, err := r.WriteTo(writeOnly{&got}); !errors.Is(err, vfs.ErrCorrupt) || got.Len() >= len(data) {
		t.Errorf("%d bytes of %d came, %v; want %v before the last", got.Len(), len(data), err, vfs.ErrCorrupt)
	}
}

// TestWideInLittleMemory reads many files by several GETs each, with memory for only a few.
func TestWideInLittleMemory(t *testing.T) {
	f, data := wideFile(t, 5<<20, func(c *config) { c.ReadAhead = 4 << 20 })
	var wg sync.WaitGroup
	for range 20 {
		r := f.openWide(t, 8)
		wg.Go(func() {
			var got bytes.Buffer
			if _, err := r.WriteTo(writeOnly{&got}); err != nil || !bytes.Equal(got.Bytes(), data) {
				t.Errorf("%d bytes came, %v; or the wrong ones", got.Len(), err)
			}
			r.Close()
		})
	}
	within(t, time.Minute, "all downloads end", wg.Wait)
}

// TestNarrowAndWideAgain removes a part that has a block but no byte yet, while its GET hangs. The
// next part at that offset must not get the same block, because the old part may still write to it.
func TestNarrowAndWideAgain(t *testing.T) {
	f, data := wideFile(t, 5<<20, nil)
	held := make(chan struct{})
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, After: 1, Times: 2, Fault: swifttest.Fault{Stall: held}})
	r := f.openWide(t, 3)
	if _, err := r.ReadAt(make([]byte, 1000), 0); err != nil {
		t.Fatal(err)
	}
	var old *windowBlock
	var at int64
	apitest.Eventually(t, "the third part has a block", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.window.parts) < 3 {
			return false
		}
		at = r.window.parts[2].off
		old = r.window.blocks[at/buffers.BlockSize]
		return old != nil && old.pins > 0
	})
	r.mu.Lock()
	r.narrow()
	if !old.gone || r.window.blocks[at/buffers.BlockSize] != nil {
		t.Error("the block of the part that was given up is still in the window")
	}
	r.pace.Streams = 3
	r.mu.Unlock()
	close(held)
	var got bytes.Buffer
	if _, err := r.WriteTo(writeOnly{&got}); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes came, %v; or the wrong ones", got.Len(), err)
	}
}

// TestWideClosed closes a file while several GETs fetch it.
func TestWideClosed(t *testing.T) {
	f, _ := wideFile(t, 5<<20, nil)
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, After: 2, Fault: swifttest.Fault{Stall: swifttest.Forever()}})
	r := f.openWide(t, 4)
	if _, err := r.ReadAt(make([]byte, 1000), 0); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "Close ends all GETs", func() { r.Close() })
}

// TestBackToOne reduces the GETs of a file to one for the rest, as the pace does when several bring
// no gain.
func TestBackToOne(t *testing.T) {
	f, data := wideFile(t, 9<<20, nil)
	r := f.openWide(t, 4)
	var got bytes.Buffer
	_, err := r.WriteTo(writerFunc(func(p []byte) (int, error) {
		if got.Len() > 3<<20 {
			r.mu.Lock()
			r.pace.Narrow(time.Now())
			r.mu.Unlock()
		}
		return got.Write(p)
	}))
	if err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Fatalf("%d bytes came, %v; or the wrong ones", got.Len(), err)
	}
	if n, most := f.srv.Count(swifttest.GetObject), 1+(3<<20+4*512<<10)/(512<<10)+2; n > most {
		t.Errorf("%d GETs, want %d at most: the rest should come by one", n, most)
	}
}

// TestLateRead serves one of a client's many reads long after later ones, as on a busy machine. Its
// bytes must still be in the window or be fetched by a separate GET, and the other reads must
// continue.
func TestLateRead(t *testing.T) {
	const each = 255 << 10 // OpenSSH's
	for name, c := range map[string]struct{ after, gets int }{
		"as late as OpenSSH's come": {62, 1},
		"later":                     {80, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f, data := wideFile(t, 24<<20, func(c *config) {
				c.Memory, c.DownloadConcurrency = 64<<20, 1 // else a slow machine reads by several GETs
			})
			r := f.open(t, 0)
			read := func(i int) {
				t.Helper()
				p := make([]byte, each)
				n, err := r.ReadAt(p, int64(i)*each)
				if err != nil && err != io.EOF || !bytes.Equal(p[:n], data[i*each:min((i+1)*each, len(data))]) {
					t.Fatalf("read %d: %d bytes, %v; or the wrong ones", i, n, err)
				}
			}
			const late = 3
			for i := range (len(data) + each - 1) / each {
				if i != late {
					read(i)
				}
				if i == late+c.after {
					read(late)
				}
			}
			if n := f.srv.Count(swifttest.GetObject); n > c.gets {
				t.Errorf("%d GETs, want %d", n, c.gets)
			}
		})
	}
}

// TestHadIsGivenBack checks that all blocks that a client has read are given back, if it reads in
// order.
func TestHadIsGivenBack(t *testing.T) {
	f, _ := wideFile(t, 5<<20, nil)
	r := f.open(t, 0)
	r.sum = nil // which may lag the client
	for at := range int64(16) {
		if _, err := r.ReadAt(make([]byte, buffers.BlockSize), at*buffers.BlockSize); err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		if r.window.base != (at+1)*buffers.BlockSize {
			t.Errorf("the window begins at %d when the client has all to %d", r.window.base, (at+1)*buffers.BlockSize)
		}
		r.mu.Unlock()
	}
}

// TestByRanges checks that a large file is read by ranges if it has a checksum of its own, and else
// by one GET. A read of only the beginning is one GET too.
func TestByRanges(t *testing.T) {
	const size, ahead = rangesSize + 12345, 8 << 20
	f, data := wideFile(t, size, func(c *config) {
		c.Memory, c.ReadAhead, c.DownloadConcurrency = 64<<20, ahead, 2 // so that the pace does not change anything
	})
	for name, c := range map[string]struct {
		offset, end int64
		gets        int
	}{
		"whole":               {0, size, 1 + size/ahead + 1},
		"the beginning":       {0, rangesFrom / 2, 1},
		"from the first byte": {1, size, 1}, // the checksum does not apply to this read
	} {
		t.Run(name, func(t *testing.T) {
			f.srv.ForgetRequests()
			r := f.open(t, c.offset)
			if c.offset > 0 {
				r.mu.Lock()
				r.pace = pace.New(1, 1, 0)
				r.mu.Unlock()
			}
			got, err := io.ReadAll(io.NewSectionReader(r, c.offset, c.end-c.offset))
			if err != nil || !bytes.Equal(got, data[c.offset:c.end]) {
				t.Fatalf("%d bytes came, %v; or the wrong ones", len(got), err)
			}
			// The number of GETs depends on how far the first one is when the second begins.
			if n := f.srv.Count(swifttest.GetObject); n > c.gets || c.gets > 1 && n == 1 {
				t.Errorf("%d GETs, want %d at most", n, c.gets)
			}
		})
	}
}

// heldHash is a hash that makes no progress until the test permits it.
type heldHash struct {
	hash.Hash
	let <-chan struct{}
}

func (h heldHash) Write(p []byte) (int, error) {
	<-h.let
	return h.Hash.Write(p)
}

// TestSlowChecksum makes the checksum slower than the client. The client must wait for it, because
// the bytes in between are in memory.
func TestSlowChecksum(t *testing.T) {
	f, data := wideFile(t, 24<<20, func(c *config) { c.Memory = 64 << 20 })
	r := f.open(t, 0)
	let := make(chan struct{})
	r.sum.hash = heldHash{r.sum.hash, let}
	far := make(chan struct{})
	var got bytes.Buffer
	var err error
	var reading sync.WaitGroup
	reading.Go(func() {
		_, err = r.WriteTo(writerFunc(func(p []byte) (int, error) {
			if n, err := got.Write(p); got.Len() <= maxLag || err != nil {
				return n, err
			}
			select {
			case <-far:
			default:
				close(far)
			}
			return len(p), nil
		}))
	})
	within(t, 20*time.Second, "the client goes on until the checksum lags", func() { <-far })
	apitest.Eventually(t, "the window is full", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return !r.sum.lags(r.last) || r.window.filled() >= r.window.high+r.store.ReadAhead
	})
	r.mu.Lock()
	if had := r.window.high; had > maxLag+buffers.BlockSize {
		t.Errorf("the client has %d bytes of which no checksum was taken, want %d at most", had, maxLag+buffers.BlockSize)
	}
	r.mu.Unlock()
	close(let)
	within(t, 20*time.Second, "the rest comes", reading.Wait)
	if err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes came, %v; or the wrong ones", got.Len(), err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
