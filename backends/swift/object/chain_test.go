package object

import (
	"bytes"
	"flag"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
)

// newSummed returns a fake whose segments have several blocks, so that the checksums of a segment
// are computed while it is being written.
func newSummed(t *testing.T) *written {
	return newWriting(t, func(w *Writing) {
		w.SegmentSize, w.MaxSegmentSize, w.MD5, w.SHA256 = 4*buffers.BlockSize, 4*buffers.BlockSize, true, true
	})
}

// drafted waits until the checksums of the written bytes are computed as far as possible.
func (w *Writer) drafted(t *testing.T) {
	t.Helper()
	apitest.Eventually(t, "the draft has caught up", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.buf.dirty) > 0 {
			w.sumAhead(w.buf.dirty[0])
		}
		_, more := w.nextToSum()
		return !more && !w.chain.running
	})
}

// TestDraft changes bytes that are already in the draft, before their segment is sent. The file
// must then have the checksums of its content, and not be without checksums.
func TestDraft(t *testing.T) {
	const begun = 2*buffers.BlockSize + 1000
	for name, change := range map[string]func(t *testing.T, w *Writer, content []byte) []byte{
		"not at all": func(_ *testing.T, _ *Writer, content []byte) []byte { return content },
		"the beginning": func(t *testing.T, w *Writer, content []byte) []byte {
			writeAt(t, w, []byte("changed"), w.chain.end)
			copy(content[w.chain.end:], "changed")
			return content
		},
		"the last of it": func(t *testing.T, w *Writer, content []byte) []byte {
			at := w.chain.ahead - 1
			writeAt(t, w, []byte("changed"), at)
			copy(content[at:], "changed")
			return content
		},
		"what is behind it": func(t *testing.T, w *Writer, content []byte) []byte {
			writeAt(t, w, []byte("changed"), w.chain.ahead)
			copy(content[w.chain.ahead:], "changed")
			return content
		},
		"cut short": func(t *testing.T, w *Writer, content []byte) []byte {
			size := w.chain.ahead - 10
			truncate(t, w, size)
			return content[:size]
		},
		"cut to its beginning": func(t *testing.T, w *Writer, content []byte) []byte {
			size := w.chain.end
			truncate(t, w, size)
			return content[:size]
		},
		"made longer": func(t *testing.T, w *Writer, content []byte) []byte {
			truncate(t, w, int64(len(content))+100)
			truncate(t, w, int64(len(content)))
			return content
		},
		"sealed early": func(_ *testing.T, w *Writer, content []byte) []byte {
			w.Spill()
			return content
		},
	} {
		for _, sealed := range []int64{0, 4 * buffers.BlockSize} {
			for _, more := range []int{0, 5*buffers.BlockSize + 1000} {
				t.Run(name, func(t *testing.T) {
					f := newSummed(t)
					content := apitest.Noise(int(sealed) + begun)
					w := f.openWriter(t, replace)
					writeAt(t, w, content, 0)
					w.drafted(t)
					if w.chain.end != sealed || w.chain.ahead != sealed+2*buffers.BlockSize {
						t.Fatalf("sealed to %d and summed up to %d, want %d and two blocks more", w.chain.end, w.chain.ahead, sealed)
					}
					content = change(t, w, bytes.Clone(content))
					rest := apitest.Noise(more)
					writeAt(t, w, rest, int64(len(content)))
					content = slices.Concat(content, rest)
					mustCommit(t, w)
					f.has(t, content, "it is what was written last")
					f.sumsHold(t, content)
					if f.head(t).Header.Get(api.MetaCRC64) == "" {
						t.Error("the file has no checksum")
					}
				})
			}
		}
	}
}

// TestDraftAbandoned closes an upload while its checksums are being computed.
func TestDraftAbandoned(t *testing.T) {
	for range 5 {
		f := newSummed(t)
		w := f.openWriter(t, replace)
		writeAt(t, w, apitest.Noise(7*buffers.BlockSize), 0)
		w.Close()
	}
}

// TestDraftModel writes a file mostly in order, with overwrites and truncations. If the file then
// has a checksum, it must be that of its content.
func TestDraftModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each check is an upload
		if err := f.Value.Set("40"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
	}
	f := newSummed(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := f.openWriter(t, replace)
		defer w.Close()
		var content []byte
		write := func(p []byte, off int) {
			if _, err := w.WriteAt(p, int64(off)); err != nil {
				rt.Fatal(err)
			}
			content = append(content, make([]byte, max(0, off+len(p)-len(content)))...)
			copy(content[off:], p)
		}
		sizes := rapid.SampledFrom([]int{1, 1000, buffers.BlockSize - 1, buffers.BlockSize, buffers.BlockSize + 1, 3*buffers.BlockSize - 7})
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			default:
				write(apitest.Noise(sizes.Draw(rt, "more")), len(content))
			case 0:
				write(apitest.Noise(sizes.Draw(rt, "over")), max(0, len(content)-sizes.Draw(rt, "back")))
			case 1:
				size := max(0, len(content)-sizes.Draw(rt, "less"))
				if err := w.Truncate(int64(size)); err != nil {
					rt.Fatal(err)
				}
				content = content[:size]
			case 2:
				w.Spill()
			}
		}
		if _, err := w.Commit(t.Context()); err != nil {
			rt.Fatal(err)
		}
		f.has(t, content, "it is what was written last")
		f.sumsHold(t, content)
	})
}
