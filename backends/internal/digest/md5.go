// Package digest computes two MD5 sums of the same bytes at once, which crypto/md5 cannot do: the
// sums of a segment and of the whole file cost little more than one of them. It is for checksums
// that a store demands, not for security. Its suite, md5_test.go, compares it with crypto/md5.
package digest

import (
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math/bits"
)

// MD5 is an MD5 sum of the bytes written so far. A copy of it is independent.
type MD5 struct {
	chain [4]uint32
	rest  [md5.BlockSize]byte // bytes of an incomplete block
	len   uint64              // bytes written
}

// NewMD5 returns the sum of no bytes.
func NewMD5() MD5 {
	return MD5{chain: [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}}
}

// WriteBoth adds the same bytes to two sums. It takes little longer than adding them to one: each
// step of MD5 waits for the step before, and meanwhile the processor can do a step of the other
// sum. If the sums are at different offsets in a block, it takes twice the time.
func WriteBoth(s, o *MD5, p []byte) {
	if s.len%md5.BlockSize != o.len%md5.BlockSize {
		s.Write(p)
		o.Write(p)
		return
	}
	n := int(s.len % md5.BlockSize)
	s.len += uint64(len(p))
	o.len += uint64(len(p))
	if n > 0 {
		c := copy(s.rest[n:], p)
		copy(o.rest[n:], p)
		if n+c < md5.BlockSize {
			return
		}
		// These blocks differ: each begins with the sum's earlier bytes.
		md5Blocks(&s.chain, &[4]uint32{}, s.rest[:])
		md5Blocks(&o.chain, &[4]uint32{}, o.rest[:])
		p = p[c:]
	}
	whole := len(p) / md5.BlockSize * md5.BlockSize
	md5Blocks(&s.chain, &o.chain, p[:whole])
	copy(s.rest[:], p[whole:])
	copy(o.rest[:], p[whole:])
}

// md5Magic is the beginning of a marshaled state of crypto/md5. The chain, the incomplete block and
// the length follow.
const md5Magic = "md5\x01"

// Write adds bytes.
func (s *MD5) Write(p []byte) {
	h := s.hash()
	h.Write(p)
	state, _ := h.(encoding.BinaryAppender).AppendBinary(make([]byte, 0, 128)) // it never fails
	state = state[len(md5Magic):]
	for i := range s.chain {
		s.chain[i] = binary.BigEndian.Uint32(state[4*i:])
	}
	copy(s.rest[:], state[4*len(s.chain):])
	s.len += uint64(len(p))
}

// hash returns a hash that continues after the bytes written so far.
func (s *MD5) hash() hash.Hash {
	state := append(make([]byte, 0, 128), md5Magic...)
	for _, w := range s.chain {
		state = binary.BigEndian.AppendUint32(state, w)
	}
	rest := s.rest
	clear(rest[s.len%md5.BlockSize:])
	state = append(state, rest[:]...)
	state = binary.BigEndian.AppendUint64(state, s.len)
	h := md5.New() //nolint:gosec // Swift's ETags are MD5
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic("swift: crypto/md5 does not know its own state: " + err.Error()) // TestTwoMD5 would have failed
	}
	return h
}

// Hex returns the sum in hex. More bytes may be written after it.
func (s *MD5) Hex() string { return hex.EncodeToString(s.hash().Sum(nil)) }

// md5Blocks adds whole blocks to two chains. The race detector would look at each word that it
// reads; as with crypto/md5, which is in assembly, it is to look at the reads and writes around it.
//
//go:norace
func md5Blocks(s, o *[4]uint32, all []byte) {
	a, b, c, d := s[0], s[1], s[2], s[3]
	e, f, g, h := o[0], o[1], o[2], o[3]
	for len(all) >= md5.BlockSize {
		p := (*[md5.BlockSize]byte)(all)
		all = all[md5.BlockSize:]
		a0, b0, c0, d0, e0, f0, g0, h0 := a, b, c, d, e, f, g, h

		a, e = ff(a, b, c, d, word(p, 0)+0xd76aa478, 7), ff(e, f, g, h, word(p, 0)+0xd76aa478, 7)
		d, h = ff(d, a, b, c, word(p, 1)+0xe8c7b756, 12), ff(h, e, f, g, word(p, 1)+0xe8c7b756, 12)
		c, g = ff(c, d, a, b, word(p, 2)+0x242070db, 17), ff(g, h, e, f, word(p, 2)+0x242070db, 17)
		b, f = ff(b, c, d, a, word(p, 3)+0xc1bdceee, 22), ff(f, g, h, e, word(p, 3)+0xc1bdceee, 22)
		a, e = ff(a, b, c, d, word(p, 4)+0xf57c0faf, 7), ff(e, f, g, h, word(p, 4)+0xf57c0faf, 7)
		d, h = ff(d, a, b, c, word(p, 5)+0x4787c62a, 12), ff(h, e, f, g, word(p, 5)+0x4787c62a, 12)
		c, g = ff(c, d, a, b, word(p, 6)+0xa8304613, 17), ff(g, h, e, f, word(p, 6)+0xa8304613, 17)
		b, f = ff(b, c, d, a, word(p, 7)+0xfd469501, 22), ff(f, g, h, e, word(p, 7)+0xfd469501, 22)
		a, e = ff(a, b, c, d, word(p, 8)+0x698098d8, 7), ff(e, f, g, h, word(p, 8)+0x698098d8, 7)
		d, h = ff(d, a, b, c, word(p, 9)+0x8b44f7af, 12), ff(h, e, f, g, word(p, 9)+0x8b44f7af, 12)
		c, g = ff(c, d, a, b, word(p, 10)+0xffff5bb1, 17), ff(g, h, e, f, word(p, 10)+0xffff5bb1, 17)
		b, f = ff(b, c, d, a, word(p, 11)+0x895cd7be, 22), ff(f, g, h, e, word(p, 11)+0x895cd7be, 22)
		a, e = ff(a, b, c, d, word(p, 12)+0x6b901122, 7), ff(e, f, g, h, word(p, 12)+0x6b901122, 7)
		d, h = ff(d, a, b, c, word(p, 13)+0xfd987193, 12), ff(h, e, f, g, word(p, 13)+0xfd987193, 12)
		c, g = ff(c, d, a, b, word(p, 14)+0xa679438e, 17), ff(g, h, e, f, word(p, 14)+0xa679438e, 17)
		b, f = ff(b, c, d, a, word(p, 15)+0x49b40821, 22), ff(f, g, h, e, word(p, 15)+0x49b40821, 22)

		a, e = gg(a, b, c, d, word(p, 1)+0xf61e2562, 5), gg(e, f, g, h, word(p, 1)+0xf61e2562, 5)
		d, h = gg(d, a, b, c, word(p, 6)+0xc040b340, 9), gg(h, e, f, g, word(p, 6)+0xc040b340, 9)
		c, g = gg(c, d, a, b, word(p, 11)+0x265e5a51, 14), gg(g, h, e, f, word(p, 11)+0x265e5a51, 14)
		b, f = gg(b, c, d, a, word(p, 0)+0xe9b6c7aa, 20), gg(f, g, h, e, word(p, 0)+0xe9b6c7aa, 20)
		a, e = gg(a, b, c, d, word(p, 5)+0xd62f105d, 5), gg(e, f, g, h, word(p, 5)+0xd62f105d, 5)
		d, h = gg(d, a, b, c, word(p, 10)+0x02441453, 9), gg(h, e, f, g, word(p, 10)+0x02441453, 9)
		c, g = gg(c, d, a, b, word(p, 15)+0xd8a1e681, 14), gg(g, h, e, f, word(p, 15)+0xd8a1e681, 14)
		b, f = gg(b, c, d, a, word(p, 4)+0xe7d3fbc8, 20), gg(f, g, h, e, word(p, 4)+0xe7d3fbc8, 20)
		a, e = gg(a, b, c, d, word(p, 9)+0x21e1cde6, 5), gg(e, f, g, h, word(p, 9)+0x21e1cde6, 5)
		d, h = gg(d, a, b, c, word(p, 14)+0xc33707d6, 9), gg(h, e, f, g, word(p, 14)+0xc33707d6, 9)
		c, g = gg(c, d, a, b, word(p, 3)+0xf4d50d87, 14), gg(g, h, e, f, word(p, 3)+0xf4d50d87, 14)
		b, f = gg(b, c, d, a, word(p, 8)+0x455a14ed, 20), gg(f, g, h, e, word(p, 8)+0x455a14ed, 20)
		a, e = gg(a, b, c, d, word(p, 13)+0xa9e3e905, 5), gg(e, f, g, h, word(p, 13)+0xa9e3e905, 5)
		d, h = gg(d, a, b, c, word(p, 2)+0xfcefa3f8, 9), gg(h, e, f, g, word(p, 2)+0xfcefa3f8, 9)
		c, g = gg(c, d, a, b, word(p, 7)+0x676f02d9, 14), gg(g, h, e, f, word(p, 7)+0x676f02d9, 14)
		b, f = gg(b, c, d, a, word(p, 12)+0x8d2a4c8a, 20), gg(f, g, h, e, word(p, 12)+0x8d2a4c8a, 20)

		a, e = hh(a, b, c, d, word(p, 5)+0xfffa3942, 4), hh(e, f, g, h, word(p, 5)+0xfffa3942, 4)
		d, h = hh(d, a, b, c, word(p, 8)+0x8771f681, 11), hh(h, e, f, g, word(p, 8)+0x8771f681, 11)
		c, g = hh(c, d, a, b, word(p, 11)+0x6d9d6122, 16), hh(g, h, e, f, word(p, 11)+0x6d9d6122, 16)
		b, f = hh(b, c, d, a, word(p, 14)+0xfde5380c, 23), hh(f, g, h, e, word(p, 14)+0xfde5380c, 23)
		a, e = hh(a, b, c, d, word(p, 1)+0xa4beea44, 4), hh(e, f, g, h, word(p, 1)+0xa4beea44, 4)
		d, h = hh(d, a, b, c, word(p, 4)+0x4bdecfa9, 11), hh(h, e, f, g, word(p, 4)+0x4bdecfa9, 11)
		c, g = hh(c, d, a, b, word(p, 7)+0xf6bb4b60, 16), hh(g, h, e, f, word(p, 7)+0xf6bb4b60, 16)
		b, f = hh(b, c, d, a, word(p, 10)+0xbebfbc70, 23), hh(f, g, h, e, word(p, 10)+0xbebfbc70, 23)
		a, e = hh(a, b, c, d, word(p, 13)+0x289b7ec6, 4), hh(e, f, g, h, word(p, 13)+0x289b7ec6, 4)
		d, h = hh(d, a, b, c, word(p, 0)+0xeaa127fa, 11), hh(h, e, f, g, word(p, 0)+0xeaa127fa, 11)
		c, g = hh(c, d, a, b, word(p, 3)+0xd4ef3085, 16), hh(g, h, e, f, word(p, 3)+0xd4ef3085, 16)
		b, f = hh(b, c, d, a, word(p, 6)+0x04881d05, 23), hh(f, g, h, e, word(p, 6)+0x04881d05, 23)
		a, e = hh(a, b, c, d, word(p, 9)+0xd9d4d039, 4), hh(e, f, g, h, word(p, 9)+0xd9d4d039, 4)
		d, h = hh(d, a, b, c, word(p, 12)+0xe6db99e5, 11), hh(h, e, f, g, word(p, 12)+0xe6db99e5, 11)
		c, g = hh(c, d, a, b, word(p, 15)+0x1fa27cf8, 16), hh(g, h, e, f, word(p, 15)+0x1fa27cf8, 16)
		b, f = hh(b, c, d, a, word(p, 2)+0xc4ac5665, 23), hh(f, g, h, e, word(p, 2)+0xc4ac5665, 23)

		a, e = ii(a, b, c, d, word(p, 0)+0xf4292244, 6), ii(e, f, g, h, word(p, 0)+0xf4292244, 6)
		d, h = ii(d, a, b, c, word(p, 7)+0x432aff97, 10), ii(h, e, f, g, word(p, 7)+0x432aff97, 10)
		c, g = ii(c, d, a, b, word(p, 14)+0xab9423a7, 15), ii(g, h, e, f, word(p, 14)+0xab9423a7, 15)
		b, f = ii(b, c, d, a, word(p, 5)+0xfc93a039, 21), ii(f, g, h, e, word(p, 5)+0xfc93a039, 21)
		a, e = ii(a, b, c, d, word(p, 12)+0x655b59c3, 6), ii(e, f, g, h, word(p, 12)+0x655b59c3, 6)
		d, h = ii(d, a, b, c, word(p, 3)+0x8f0ccc92, 10), ii(h, e, f, g, word(p, 3)+0x8f0ccc92, 10)
		c, g = ii(c, d, a, b, word(p, 10)+0xffeff47d, 15), ii(g, h, e, f, word(p, 10)+0xffeff47d, 15)
		b, f = ii(b, c, d, a, word(p, 1)+0x85845dd1, 21), ii(f, g, h, e, word(p, 1)+0x85845dd1, 21)
		a, e = ii(a, b, c, d, word(p, 8)+0x6fa87e4f, 6), ii(e, f, g, h, word(p, 8)+0x6fa87e4f, 6)
		d, h = ii(d, a, b, c, word(p, 15)+0xfe2ce6e0, 10), ii(h, e, f, g, word(p, 15)+0xfe2ce6e0, 10)
		c, g = ii(c, d, a, b, word(p, 6)+0xa3014314, 15), ii(g, h, e, f, word(p, 6)+0xa3014314, 15)
		b, f = ii(b, c, d, a, word(p, 13)+0x4e0811a1, 21), ii(f, g, h, e, word(p, 13)+0x4e0811a1, 21)
		a, e = ii(a, b, c, d, word(p, 4)+0xf7537e82, 6), ii(e, f, g, h, word(p, 4)+0xf7537e82, 6)
		d, h = ii(d, a, b, c, word(p, 11)+0xbd3af235, 10), ii(h, e, f, g, word(p, 11)+0xbd3af235, 10)
		c, g = ii(c, d, a, b, word(p, 2)+0x2ad7d2bb, 15), ii(g, h, e, f, word(p, 2)+0x2ad7d2bb, 15)
		b, f = ii(b, c, d, a, word(p, 9)+0xeb86d391, 21), ii(f, g, h, e, word(p, 9)+0xeb86d391, 21)

		a, b, c, d = a+a0, b+b0, c+c0, d+d0
		e, f, g, h = e+e0, f+f0, g+g0, h+h0
	}
	*s = [4]uint32{a, b, c, d}
	*o = [4]uint32{e, f, g, h}
}

// word returns the i'th word of a block.
func word(p *[md5.BlockSize]byte, i int) uint32 { return binary.LittleEndian.Uint32(p[4*i : 4*i+4]) }

// The steps of MD5's four rounds (RFC 1321, section 3.4).

func ff(a, b, c, d, t uint32, s int) uint32 { return b + bits.RotateLeft32(a+t+(d^(b&(c^d))), s) }
func gg(a, b, c, d, t uint32, s int) uint32 { return b + bits.RotateLeft32(a+t+(c&^d)+(b&d), s) }
func hh(a, b, c, d, t uint32, s int) uint32 { return b + bits.RotateLeft32(a+t+(b^(c^d)), s) }
func ii(a, b, c, d, t uint32, s int) uint32 { return b + bits.RotateLeft32(a+t+(c^(b|^d)), s) }
