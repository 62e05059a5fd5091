package swift

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

func md5Of(p []byte) []byte {
	sum := md5.Sum(p)
	return sum[:]
}

func sha256Of(p []byte) []byte {
	sum := sha256.Sum256(p)
	return sum[:]
}

// TestTwoMD5 adds bytes in parts of any length to two sums that have begun differently.
func TestTwoMD5(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var first, second md5State
		var a, b []byte
		first, second = newMD5(), newMD5()
		add := func(s *md5State, all *[]byte, p []byte) {
			other := newMD5()
			writeTwice(s, &other, p)
			*all = append(*all, p...)
		}
		parts := rapid.SliceOfN(rapid.Byte(), 0, 300)
		add(&first, &a, parts.Draw(t, "head of the first"))
		add(&second, &b, parts.Draw(t, "head of the second"))
		for range rapid.IntRange(0, 4).Draw(t, "parts") {
			p := parts.Draw(t, "part")
			writeTwice(&first, &second, p)
			a, b = append(a, p...), append(b, p...)
		}
		if first.sum() != hex.EncodeToString(md5Of(a)) || second.sum() != hex.EncodeToString(md5Of(b)) {
			t.Fatalf("sums of %d and %d bytes are wrong", len(a), len(b))
		}
	})
}

// TestMD5Lengths has every length up to some blocks.
func TestMD5Lengths(t *testing.T) {
	data := noise(5 * md5.BlockSize)
	for n := range data {
		a, b := newMD5(), newMD5()
		writeTwice(&a, &b, data[:n/2])
		writeTwice(&b, &a, data[n/2:n])
		if want := hex.EncodeToString(md5Of(data[:n])); a.sum() != want || b.sum() != want {
			t.Errorf("the MD5 of %d bytes is %s and %s, want %s", n, a.sum(), b.sum(), want)
		}
	}
}

// BenchmarkMD5 compares a segment's and its file's sum, made at once, with two passes over the bytes.
func BenchmarkMD5(b *testing.B) {
	data := noise(16 * mib)
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
		x, y := newMD5(), newMD5()
		for b.Loop() {
			writeTwice(&x, &y, data)
		}
	})
}
