package object

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/apitest"
)

// TestPages keeps and reads pages in any order, with more or less memory. Cached bytes must be
// right, and all memory must be given back.
func TestPages(t *testing.T) {
	content := apitest.Noise(64*pageSize + 1000)
	rapid.Check(t, func(t *rapid.T) {
		b := buffers.New(rapid.Int64Range(0, 6).Draw(t, "memory") * buffers.BlockSize)
		all := b.Usage().Free
		var c pages
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			page := rapid.Int64Range(0, int64(len(content)-1)/pageSize).Draw(t, "page")
			off := page * pageSize
			if rapid.Bool().Draw(t, "keep") {
				n := min(int64(rapid.IntRange(1, 2).Draw(t, "pages"))*pageSize, int64(len(content))-off)
				c.keep(b.Account("user"), content[off:off+n], off)
				continue
			}
			off += rapid.Int64Range(0, pageSize-1).Draw(t, "in page")
			p := make([]byte, rapid.IntRange(1, 2*pageSize).Draw(t, "bytes"))
			if off >= int64(len(content)) {
				continue
			}
			n := c.read(p, off)
			if !bytes.Equal(p[:n], content[off:off+int64(n)]) {
				t.Fatalf("%d bytes at %d are not those of the file", n, off)
			}
		}
		if len(c.blocks) > pageBlocks {
			t.Errorf("pages take %d blocks of memory, want %d at most", len(c.blocks), pageBlocks)
		}
		c.drop(b.Account("user").Put)
		if b.Usage().Free != all {
			t.Errorf("%d of %d blocks came back", b.Usage().Free, all)
		}
	})
}
