package object

import (
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/minio/crc64nvme"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// checksum is that of a whole file, taken while the file passes from its beginning to its end. The
// last block is not given out before it has agreed. A nil one checks nothing.
type checksum struct {
	hash    hash.Hash
	want    string // in hex
	pos     int64  // to here it has been taken
	running bool   // a goroutine takes it
	wrong   bool
}

// newChecksum returns the checksum that an object's headers tell, or nil where they tell none.
func newChecksum(o api.Object) *checksum {
	h, want := digestOf(o)
	if h == nil || o.Size == 0 {
		return nil
	}
	return &checksum{hash: h, want: want}
}

// withholds reports whether a read that goes on to end must wait for the checksum.
func (c *checksum) withholds(end, size int64) bool {
	return c != nil && end > (size-1)/buffers.BlockSize*buffers.BlockSize && (c.pos < size || c.wrong)
}

// maxLag is how far the checksum may be behind the client: what is between lies in memory.
const maxLag = 8 << 20

// lags reports whether the checksum is too far behind for the client to go on at off.
func (c *checksum) lags(off int64) bool { return c != nil && off-c.pos > maxLag }

// failed reports whether the checksum is why there is nothing at off.
func (c *checksum) failed(off, size int64) bool {
	return c != nil && c.wrong && off >= (size-1)/buffers.BlockSize*buffers.BlockSize
}

// sumUp has the checksum taken of what has come, beside the reading. It is called with mu held.
func (f *Reader) sumUp() {
	c := f.sum
	if c == nil || c.running || f.closed {
		return
	}
	c.running = true
	f.working.Go(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for c == f.sum && !f.closed {
			b, data := f.window.have(c.pos)
			if b == nil {
				break
			}
			b.pins++
			f.mu.Unlock()
			c.hash.Write(data)
			f.mu.Lock()
			f.unpin(b)
			c.pos += int64(len(data))
			c.wrong = c.pos == f.window.size && hex.EncodeToString(c.hash.Sum(nil)) != c.want
			f.giveUp(f.window.needed())
			f.wake.Broadcast()
		}
		c.running = false
	})
}

// digestOf returns what an object's headers tell of its content: a hash, and what it must come to
// in hex; nil where they tell nothing. What is made fastest comes first.
func digestOf(o api.Object) (hash.Hash, string) {
	if want := o.Header.Get(api.MetaCRC64); len(want) == hex.EncodedLen(crc64nvme.Size) {
		return crc64nvme.New(), strings.ToLower(want)
	}
	if want := o.Header.Get(api.MetaSHA256); len(want) == hex.EncodedLen(sha256.Size) {
		return sha256.New(), strings.ToLower(want)
	}
	if want := o.ContentMD5(); want != "" {
		return md5.New(), want //nolint:gosec // Swift's ETags are MD5
	}
	return nil, ""
}

// SumsOf returns the checksums that are given in hexadecimal. Strings that are none are left out.
func SumsOf(md5, sha256 string) vfs.Sums {
	all := vfs.Sums{}
	for algorithm, digits := range map[vfs.Algorithm]string{vfs.MD5: md5, vfs.SHA256: sha256} {
		if sum, err := hex.DecodeString(digits); err == nil && len(sum) == algorithm.Size() {
			all[algorithm] = sum
		}
	}
	return all
}
