package swift

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestPages keeps and reads pages in any order, with more or less memory. What is there is right,
// and all memory comes back.
func TestPages(t *testing.T) {
	content := noise(64*pageSize + 1000)
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

// TestReadsOfOnePage reads the same places of a file again and again.
func TestReadsOfOnePage(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	data := noise(20 * mib)
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
