package swift

import (
	"context"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"

	"github.com/minio/crc64nvme"

	"filegate/core/vfs"
)

// The checksums of a whole file are made while it passes, and kept with its object: those that are wanted, and always the CRC-64, which costs next to nothing
// and is what a download is checked by. Against damage by accident it is as good as the others, at a fiftieth of their price. Those of a large file are made in its order, along a chain: each
// segment gets the sums of what is before it and hands them on with its own bytes added. What is written in any other order, or over
// what was written before, has none.

// sums are the checksums of the beginning of a file. Each is nil where it is not wanted, or not known.
type sums struct {
	crc64  hash.Hash
	md5    *md5State
	sha256 hash.Hash
}

// header puts the sums into the metadata of a file that they are all of.
func (s sums) header(h map[string]string) {
	if s.crc64 != nil {
		h[metaCRC64] = hex.EncodeToString(s.crc64.Sum(nil))
	}
	if s.md5 != nil {
		h[metaMD5] = s.md5.sum()
	}
	if s.sha256 != nil {
		h[metaSHA256] = hex.EncodeToString(s.sha256.Sum(nil))
	}
}

// sumsOf returns the sums of a plain object's content. Its MD5 is its ETag, and not needed twice.
func (c *Config) sumsOf(data pieces) sums {
	s := sums{crc64: crc64nvme.New()}
	if c.digests(vfs.SHA256) {
		s.sha256 = sha256.New()
	}
	s.add(data)
	return s
}

// add adds bytes to all sums but the MD5.
func (s sums) add(data pieces) {
	for _, b := range data {
		s.crc64.Write(b)
		if s.sha256 != nil {
			s.sha256.Write(b)
		}
	}
}

func (c *Config) digests(a vfs.Algorithm) bool { return slices.Contains(c.Digests, string(a)) }

// chain is how far a file has been sealed in its order. The writer's mu guards it.
type chain struct {
	end    int64       // of what has been sealed
	last   <-chan sums // gives the sums of that when they have been made, or is closed when they cannot be
	broken bool        // for good: the file has no sums
}

func newChain(cfg *Config) chain {
	s := sums{crc64: crc64nvme.New()}
	if cfg.digests(vfs.MD5) {
		first := newMD5()
		s.md5 = &first
	}
	if cfg.digests(vfs.SHA256) {
		s.sha256 = sha256.New()
	}
	begin := make(chan sums, 1)
	begin <- s
	return chain{last: begin}
}

// link is the place of a segment in the chain.
type link struct {
	before <-chan sums
	after  chan<- sums // with room for the sums, so that nobody need wait for them
}

// seal gives a segment its place, or none where it does not go on from what has been sealed before.
func (c *chain) seal(off, end int64) *link {
	if c.broken || off != c.end {
		c.broken = true
		return nil
	}
	handed := make(chan sums, 1)
	l := &link{before: c.last, after: handed}
	c.end, c.last = end, handed
	return l
}

// truncate notes that what is behind size is dropped.
func (c *chain) truncate(size int64, cfg *Config) {
	switch {
	case size == 0:
		*c = newChain(cfg)
	case size < c.end:
		c.broken = true
	}
}

// whole returns the sums of a file of that size, of which all segments have been sent.
func (c *chain) whole(size int64) sums {
	if c.broken || c.end != size {
		return sums{}
	}
	return <-c.last
}

// sum makes the ETag of a segment and, where it has a place in the chain, the sums up to its end. It waits for the segment before, which is at the
// same and needs nothing of this one.
func (s *segment) sum(ctx context.Context, data pieces) error {
	if s.link == nil {
		s.etag = data.md5()
		return nil
	}
	defer close(s.link.after)
	var file sums
	select {
	case file = <-s.link.before:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if file.md5 != nil {
		own := newMD5()
		for _, b := range data {
			writeTwice(&own, file.md5, b)
		}
		s.etag = own.sum()
	} else {
		s.etag = data.md5()
	}
	file.add(data)
	s.link.after <- file
	return nil
}

// Digest implements [vfs.DigestFS]: a plain object's MD5 is its ETag, and the rest is what was kept when the file was written.
func (f *FS) Digest(ctx context.Context, p vfs.Path) (vfs.Sums, error) {
	n, err := f.locate(p)
	if err != nil {
		return nil, err
	}
	info, o, err := f.lookup(ctx, n, p.Base())
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, vfs.ErrIsDir
	}
	all := vfs.Sums{}
	for algorithm, digits := range map[vfs.Algorithm]string{vfs.MD5: o.contentMD5(), vfs.SHA256: o.header.Get(metaSHA256)} {
		if sum, err := hex.DecodeString(digits); err == nil && len(sum) == algorithm.Size() {
			all[algorithm] = sum
		}
	}
	return all, nil
}

// contentMD5 is the MD5 of the object's content in hex, or empty where nothing tells it: the ETag of a manifest is another thing.
func (o object) contentMD5() string {
	sum := o.etag
	if o.isLarge() {
		sum = o.header.Get(metaMD5)
	}
	if len(sum) != hex.EncodedLen(md5.Size) {
		return ""
	}
	return sum
}
