package swift

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func drawPieces(t *rapid.T) (p pieces, whole []byte) {
	for _, b := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 9), 0, 6).Draw(t, "pieces") {
		p, whole = append(p, b), append(whole, b...)
	}
	return p, whole
}

func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, whole := drawPieces(t)
		if p.len() != int64(len(whole)) {
			t.Fatalf("len = %d, want %d", p.len(), len(whole))
		}
		if sum := md5.Sum(whole); p.md5() != hex.EncodeToString(sum[:]) {
			t.Fatalf("md5 = %s, want %x", p.md5(), sum)
		}
		off := rapid.IntRange(0, len(whole)+3).Draw(t, "off")
		dst := make([]byte, rapid.IntRange(0, len(whole)+3).Draw(t, "n"))
		n := p.readAt(dst, int64(off))
		if want := whole[min(off, len(whole)):min(off+len(dst), len(whole))]; !bytes.Equal(dst[:n], want) {
			t.Fatalf("readAt %d = %q, want %q", off, dst[:n], want)
		}
		r := p.reader()
		if err := iotest.TestReader(readerOnly{r}, whole); err != nil {
			t.Fatal(err)
		}
		// From wherever it was left, it begins again.
		again := p.reader()
		io.CopyN(io.Discard, again, rapid.Int64Range(0, int64(len(whole))).Draw(t, "left at"))
		if at, err := again.Seek(0, io.SeekStart); at != 0 || err != nil {
			t.Fatalf("Seek = %d, %v", at, err)
		}
		if got, err := io.ReadAll(again); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("read again: %q, %v; want %q", got, err, whole)
		}
	})
}

// readerOnly hides Seek, of which piecesReader has no more than a request needs.
type readerOnly struct{ io.Reader }

func TestPiecesReaderSeeksOnlyToTheBeginning(t *testing.T) {
	r := pieces{[]byte("abc")}.reader()
	for _, to := range []struct {
		off    int64
		whence int
	}{{1, io.SeekStart}, {0, io.SeekCurrent}, {0, io.SeekEnd}} {
		if _, err := r.Seek(to.off, to.whence); !errors.Is(err, vfs.ErrUnsupported) {
			t.Errorf("Seek(%d, %d): %v", to.off, to.whence, err)
		}
	}
}

func TestUploadIDs(t *testing.T) {
	early, late := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	a, b := newUploadID(early), newUploadID(late)
	if !strings.HasPrefix(a, "20260102T020405Z-") || a >= b {
		t.Errorf("the ids of uploads begun at %v and %v are %q and %q: they must sort by time", early, late, a, b)
	}
	if a == newUploadID(early) {
		t.Errorf("two uploads have the id %q", a)
	}
}
