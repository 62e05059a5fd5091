package swift

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestModel makes random changes to a file of several segments, and compares the file with a plain
// slice. The suite of the contract does the same with files of one segment.
func TestModel(t *testing.T) {
	checks(t, 40)
	for form, limits := range forms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			limits.MaxManifestSegments, limits.MaxDeletes = 3, 5
			testModel(t, newFake(t, limits, func(c *Config) {
				c.SegmentSize, c.MaxSegmentSize, c.ReadAhead, c.ResumeRetention = buffers.BlockSize, 2*buffers.BlockSize, 2*buffers.BlockSize, 0
				c.Digests, c.LargeObjects = []string{"md5", "sha256"}, largeObjects(form)
			}))
		})
	}
}

// forms are the forms of large files, with the limits of a Swift for each.
var forms = map[string]swifttest.Limits{"slo": {}, "no slo": {NoSLO: true}, "dlo": {}}

// largeObjects returns the option for a form.
func largeObjects(form string) string {
	if form == largeDLO {
		return largeDLO
	}
	return largeSLO
}

func testModel(t *testing.T, f *fake) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &segmentModel{t: t, f: f}
		defer m.end()
		rt.Repeat(map[string]func(*rapid.T){
			"open":     m.open,
			"write":    m.write,
			"scatter":  m.scatter,
			"stream":   m.stream,
			"truncate": m.truncate,
			"shed":     m.shed,
			"read":     m.readBack,
			"commit":   m.commit,
			"abort":    m.abort,
		})
	})
}

const (
	modelPath = vfs.Path("/c/file")
	modelMost = 6 * buffers.BlockSize // bytes of the file
)

// segmentModel is the file as it must be.
type segmentModel struct {
	t       *testing.T
	f       *fake
	exists  bool
	content []byte // as committed

	w       vfs.Writer // nil while none is open
	pending []byte     // what w will commit
	next    int        // where the next stream goes
}

func (m *segmentModel) open(t *rapid.T) {
	if m.w != nil {
		t.Skip("a writer is open")
	}
	opts := vfs.WriteOptions{Create: true, Truncate: rapid.IntRange(0, 3).Draw(t, "truncate") == 0}
	m.pending, m.next = nil, 0
	if !opts.Truncate {
		m.pending = slices.Clone(m.content)
	}
	if rapid.Bool().Draw(t, "append") {
		opts.Offset, m.next = vfs.AtEnd, len(m.pending)
	}
	w, err := m.f.OpenWriter(m.t.Context(), modelPath, opts)
	if err != nil {
		t.Fatal(err)
	}
	m.w = w
}

func (m *segmentModel) writer(t *rapid.T) vfs.Writer {
	if m.w == nil {
		t.Skip("no writer is open")
	}
	return m.w
}

// put makes the change of a write to the slice.
func (m *segmentModel) put(data []byte, off int) {
	if need := off + len(data); need > len(m.pending) {
		m.pending = append(m.pending, make([]byte, need-len(m.pending))...)
	}
	copy(m.pending[off:], data)
}

func (m *segmentModel) draw(t *rapid.T, most int) []byte {
	return apitest.Noise(rapid.SampledFrom([]int{1, 1000, buffers.BlockSize - 1, buffers.BlockSize, buffers.BlockSize + 1, most}).Draw(t, "size"))
}

func (m *segmentModel) write(t *rapid.T) {
	w := m.writer(t)
	data := m.draw(t, 400_000)
	off := rapid.SampledFrom([]int{0, 1, buffers.BlockSize, 2*buffers.BlockSize - 1}).Draw(t, "near") + rapid.IntRange(0, modelMost/2).Draw(t, "off")
	if n, err := w.WriteAt(data, int64(off)); n != len(data) || err != nil {
		t.Fatalf("WriteAt = %d, %v", n, err)
	}
	m.put(data, off)
}

// scatter makes many small changes.
func (m *segmentModel) scatter(t *rapid.T) {
	w := m.writer(t)
	step := rapid.IntRange(1000, 50_000).Draw(t, "step")
	for i := range 80 {
		data := []byte{byte(i)}
		off := (i * step) % modelMost
		if _, err := w.WriteAt(data, int64(off)); err != nil {
			t.Fatal(err)
		}
		m.put(data, off)
	}
}

func (m *segmentModel) stream(t *rapid.T) {
	w := m.writer(t)
	data := m.draw(t, 700_000)
	if m.next+len(data) > 2*modelMost {
		t.Skip("the file is large enough")
	}
	if n, err := w.ReadFrom(bytes.NewReader(data)); n != int64(len(data)) || err != nil {
		t.Fatalf("ReadFrom = %d, %v", n, err)
	}
	m.put(data, m.next)
	m.next += len(data)
}

func (m *segmentModel) truncate(t *rapid.T) {
	w := m.writer(t)
	size := rapid.IntRange(0, modelMost).Draw(t, "size")
	if err := w.Truncate(int64(size)); err != nil {
		t.Fatal(err)
	}
	if size <= len(m.pending) {
		m.pending = slices.Clone(m.pending[:size])
	} else {
		m.put(nil, size)
	}
}

// shed frees memory, as other users' requests for memory do.
func (m *segmentModel) shed(t *rapid.T) {
	w := m.writer(t).(*object.Writer)
	w.Spill()
}

func (m *segmentModel) readBack(t *rapid.T) {
	w := m.writer(t)
	if w.Size() != int64(len(m.pending)) {
		t.Fatalf("Size = %d, want %d", w.Size(), len(m.pending))
	}
	off := rapid.IntRange(0, len(m.pending)).Draw(t, "off")
	p := make([]byte, rapid.IntRange(0, 400_000).Draw(t, "size"))
	n, err := w.(io.ReaderAt).ReadAt(p, int64(off))
	if want := m.pending[off:min(off+len(p), len(m.pending))]; !bytes.Equal(p[:n], want) || n < len(p) && err != io.EOF || n == len(p) && n > 0 && err != nil {
		t.Fatalf("ReadAt(%d bytes, %d) = %d, %v; or the wrong bytes", len(p), off, n, err)
	}
}

func (m *segmentModel) commit(t *rapid.T) {
	info, err := m.writer(t).Commit(m.t.Context())
	if err != nil || info.Size != int64(len(m.pending)) {
		t.Fatalf("Commit = %+v, %v; want %d bytes", info, err, len(m.pending))
	}
	m.exists, m.content = true, m.pending
	m.close(t)
	if stat, err := m.f.Stat(m.t.Context(), modelPath); err != nil || stat.Size != info.Size || stat.Version != info.Version || !stat.ModTime.Equal(info.ModTime) {
		t.Fatalf("Stat = %+v, %v; Commit told %+v", stat, err, info)
	}
}

func (m *segmentModel) abort(t *rapid.T) {
	m.writer(t)
	m.close(t)
}

func (m *segmentModel) close(t *rapid.T) {
	if err := m.w.Close(); err != nil {
		t.Fatal(err)
	}
	m.w = nil
	got, err := m.f.read(m.t.Context(), modelPath)
	switch {
	case !m.exists && vfs.Kind(err) == vfs.ErrNotExist:
	case err != nil || !bytes.Equal(got, m.content):
		t.Fatalf("the file has %d bytes (%v), which are not the %d that it should have", len(got), err, len(m.content))
	}
	if m.exists {
		m.f.digestsHold(m.t, modelPath, m.content)
	}
	n := api.Name{Account: "", Container: "c", Object: "file"}
	if want, stored := m.f.needed(m.t, n), m.f.segments(m.t); !slices.Equal(want, stored) {
		t.Fatalf("%d segments are stored, %q, of which the file needs %q", len(stored), stored, want)
	}
}

func (m *segmentModel) end() {
	if m.w != nil {
		m.w.Close()
	}
	if m.exists {
		if err := m.f.Remove(m.t.Context(), modelPath); err != nil {
			m.t.Error(err)
		}
	}
}
