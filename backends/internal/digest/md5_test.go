package digest

import (
	"crypto/md5"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestTwoMD5 adds bytes in parts of any length to two sums that have begun differently.
func TestTwoMD5(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var first, second MD5
		var a, b []byte
		first, second = NewMD5(), NewMD5()
		add := func(s *MD5, all *[]byte, p []byte) {
			other := NewMD5()
			WriteBoth(s, &other, p)
			*all = append(*all, p...)
		}
		parts := rapid.SliceOfN(rapid.Byte(), 0, 300)
		add(&first, &a, parts.Draw(t, "head of the first"))
		add(&second, &b, parts.Draw(t, "head of the second"))
		for range rapid.IntRange(0, 4).Draw(t, "parts") {
			p := parts.Draw(t, "part")
			WriteBoth(&first, &second, p)
			a, b = append(a, p...), append(b, p...)
		}
		if first.Hex() != hex.EncodeToString(sumOf(a)) || second.Hex() != hex.EncodeToString(sumOf(b)) {
			t.Fatalf("sums of %d and %d bytes are wrong", len(a), len(b))
		}
	})
}

// TestMD5Lengths has every length up to some blocks.
func TestMD5Lengths(t *testing.T) {
	data := random(5 * md5.BlockSize)
	for n := range data {
		a, b := NewMD5(), NewMD5()
		WriteBoth(&a, &b, data[:n/2])
		WriteBoth(&b, &a, data[n/2:n])
		if want := hex.EncodeToString(sumOf(data[:n])); a.Hex() != want || b.Hex() != want {
			t.Errorf("the MD5 of %d bytes is %s and %s, want %s", n, a.Hex(), b.Hex(), want)
		}
	}
}

// BenchmarkMD5 compares a segment's and its file's sum, made at once, with two passes over the
// bytes.
func BenchmarkMD5(b *testing.B) {
	data := random(16 << 20)
	b.Run("one sum", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		h := md5.New()
		for b.Loop() {
			h.Write(data)
		}
	})
	b.Run("two passes", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		h, g := md5.New(), md5.New()
		for b.Loop() {
			h.Write(data)
			g.Write(data)
		}
	})
	b.Run("at once", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		x, y := NewMD5(), NewMD5()
		for b.Loop() {
			WriteBoth(&x, &y, data)
		}
	})
}

func sumOf(p []byte) []byte {
	sum := md5.Sum(p)
	return sum[:]
}

func random(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}
