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

// checksum is the checksum of a whole file, computed while a client reads the file from beginning
// to end. The last block is withheld until the checksum is verified. A nil checksum checks nothing.
type checksum struct {
	hash    hash.Hash
	want    string // in hex
	pos     int64  // end of the bytes that are added
	running bool   // a goroutine computes it
	wrong   bool
}

// newChecksum returns the checksum in an object's headers, or nil if they have none.
func newChecksum(o api.Object) *checksum {
	h, want := digestOf(o)
	if h == nil || o.Size == 0 {
		return nil
	}
	return &checksum{hash: h, want: want}
}

// withholds reports whether a read up to end must wait for the checksum.
func (c *checksum) withholds(end, size int64) bool {
	return c != nil && end > (size-1)/buffers.BlockSize*buffers.BlockSize && (c.pos < size || c.wrong)
}

// maxLag is the largest number of bytes by which the checksum may lag the client. These bytes are
// in memory.
const maxLag = 8 << 20

// lags reports whether the checksum lags too far for the client to read at off.
func (c *checksum) lags(off int64) bool { return c != nil && off-c.pos > maxLag }

// failed reports whether the bytes at off are withheld because the checksum is wrong.
func (c *checksum) failed(off, size int64) bool {
	return c != nil && c.wrong && off >= (size-1)/buffers.BlockSize*buffers.BlockSize
}

// sumUp computes the checksum of the bytes that have arrived, in the background. It is called with
// mu held.
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

// digestOf returns a hash and its expected value in hex for the content of an object, or nil if the
// headers have no checksum. It chooses the checksum that is fastest to compute.
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

// SumsOf returns the checksums that are given as hexadecimal strings. It ignores invalid strings.
func SumsOf(md5, sha256 string) vfs.Sums {
	all := vfs.Sums{}
	for algorithm, digits := range map[vfs.Algorithm]string{vfs.MD5: md5, vfs.SHA256: sha256} {
		if sum, err := hex.DecodeString(digits); err == nil && len(sum) == algorithm.Size() {
			all[algorithm] = sum
		}
	}
	return all
}
