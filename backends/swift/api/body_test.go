package api

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func drawPieces(t *rapid.T) (p Pieces, whole []byte) {
	for _, b := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 9), 0, 6).Draw(t, "pieces") {
		p, whole = append(p, b), append(whole, b...)
	}
	return p, whole
}

func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, whole := drawPieces(t)
		if p.Len() != int64(len(whole)) {
			t.Fatalf("len = %d, want %d", p.Len(), len(whole))
		}
		if sum := md5.Sum(whole); p.MD5() != hex.EncodeToString(sum[:]) {
			t.Fatalf("md5 = %s, want %x", p.MD5(), sum)
		}
		off := rapid.IntRange(0, len(whole)+3).Draw(t, "off")
		dst := make([]byte, rapid.IntRange(0, len(whole)+3).Draw(t, "n"))
		n := p.CopyAt(dst, int64(off))
		if want := whole[min(off, len(whole)):min(off+len(dst), len(whole))]; !bytes.Equal(dst[:n], want) {
			t.Fatalf("readAt %d = %q, want %q", off, dst[:n], want)
		}
		r := p.Reader()
		if err := iotest.TestReader(readerOnly{r}, whole); err != nil {
			t.Fatal(err)
		}
		// From any position, the reader can be rewound to the beginning.
		again := p.Reader()
		io.CopyN(io.Discard, again, rapid.Int64Range(0, int64(len(whole))).Draw(t, "left at"))
		if at, err := again.Seek(0, io.SeekStart); at != 0 || err != nil {
			t.Fatalf("Seek = %d, %v", at, err)
		}
		if got, err := io.ReadAll(again); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("read again: %q, %v; want %q", got, err, whole)
		}
	})
}

// readerOnly hides Seek, because that of piecesReader supports only what a request needs.
type readerOnly struct{ io.Reader }

func TestPiecesReaderSeeksOnlyToTheBeginning(t *testing.T) {
	r := Pieces{[]byte("abc")}.Reader()
	for _, to := range []struct {
		off    int64
		whence int
	}{{1, io.SeekStart}, {0, io.SeekCurrent}, {0, io.SeekEnd}} {
		if _, err := r.Seek(to.off, to.whence); !errors.Is(err, vfs.ErrUnsupported) {
			t.Errorf("Seek(%d, %d): %v", to.off, to.whence, err)
		}
	}
}
