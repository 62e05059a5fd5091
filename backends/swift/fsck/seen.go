package fsck

import (
	"hash/maphash"
	"sync/atomic"
)

// seen is a set of names of a fixed size: a Bloom filter. has may return true for a name that was
// not added, with a chance of 1 in 1,000 after 9 million names. It never returns false for a name
// that was added.
type seen struct {
	seed maphash.Seed
	bits []uint64
}

const (
	seenBytes  = 16 << 20
	seenProbes = 7
)

func newSeen() *seen {
	return &seen{seed: maphash.MakeSeed(), bits: make([]uint64, seenBytes/8)}
}

func (s *seen) each(name string, do func(word *uint64, bit uint64) bool) {
	h := maphash.String(s.seed, name)
	step := h>>32 | 1
	for range seenProbes {
		at := h % (seenBytes * 8)
		if !do(&s.bits[at/64], 1<<(at%64)) {
			return
		}
		h = h*0x9e3779b97f4a7c15 + step
	}
}

func (s *seen) add(name string) {
	s.each(name, func(word *uint64, bit uint64) bool {
		atomic.OrUint64(word, bit)
		return true
	})
}

func (s *seen) has(name string) bool {
	all := true
	s.each(name, func(word *uint64, bit uint64) bool {
		all = atomic.LoadUint64(word)&bit != 0
		return all
	})
	return all
}
