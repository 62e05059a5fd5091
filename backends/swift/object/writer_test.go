package object

import (
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestVastHole opens a file with a hole of a tebibyte. The hole is one segment that the manifest
// names many times. It must take memory only once.
func TestVastHole(t *testing.T) {
	const hole = 1 << 40
	f := newWriting(t, nil)
	w := f.openWriter(t, replace)
	writeAt(t, w, []byte{7}, hole)
	mustCommit(t, w)
	w = f.openWriter(t, vfs.WriteOptions{})
	segments := map[*Segment]bool{}
	for _, e := range w.layout {
		segments[e.seg] = true
	}
	if len(w.layout) > maxPieces || len(segments) > 32 {
		t.Errorf("%d pieces and %d segments are in memory of a file with one hole", len(w.layout), len(segments))
	}
}

// TestSlowCommitUnderPressure delays the only PUT of a small file while other transfers need
// memory.
func TestSlowCommitUnderPressure(t *testing.T) {
	f := newWriting(t, nil)
	data := apitest.Noise(700_000)
	began, goOn := make(chan struct{}), make(chan struct{})
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Fault: swifttest.Fault{
		At: swifttest.InRequest, Bytes: 100, Call: func() { close(began) }, Stall: goOn,
	}, Times: 1})
	w := f.openWriter(t, replace)
	writeAt(t, w, data, 0)
	result := make(chan error)
	go func() {
		_, err := w.Commit(t.Context())
		result <- err
	}()
	<-began
	w.mu.Lock()
	w.touched = w.touched.Add(-time.Hour) // the client has been waiting for the answer for a long time
	w.mu.Unlock()
	f.budget.Shed(1 << 40)
	var others [][]byte
	for block := f.objects.Memory.Try(buffers.BlockSize); block != nil; block = f.objects.Memory.Try(buffers.BlockSize) {
		others = append(others, block)
	}
	for _, b := range others {
		clear(b)
	}
	f.objects.Memory.Put(others...)
	close(goOn)
	if err := <-result; err != nil {
		t.Errorf("Commit: %v", err)
	}
	w.Close()
	f.has(t, data, "memory that is being sent is not given away")
	if n := f.srv.Count(swifttest.PutObject); n != 1 {
		t.Errorf("%d PUTs, want 1", n)
	}
}
