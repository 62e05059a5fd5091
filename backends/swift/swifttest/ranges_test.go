package swifttest

import "testing"

// FuzzRanges checks that no header gives a range outside of the body.
func FuzzRanges(f *testing.F) {
	for _, header := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=1-2,3-4", "bytes=9223372036854775807-", "bytes=-0", "bytes=0-9223372036854775807", "x"} {
		f.Add(header, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			t.Skip("no such size")
		}
		for _, sp := range spans(parseRanges(header), size) {
			if sp.first < 0 || sp.n < 0 || sp.n > size-sp.first {
				t.Errorf("%q of %d bytes leads to %d bytes from %d", header, size, sp.n, sp.first)
			}
		}
	})
}
