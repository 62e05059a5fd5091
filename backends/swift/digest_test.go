package swift

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/crc64nvme"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestDigests writes files in every order. The checksums that can be computed are stored, and no
// others.
func TestDigests(t *testing.T) {
	const large = 5*buffers.BlockSize + 1000
	none, short, both := []vfs.Algorithm{}, []vfs.Algorithm{vfs.MD5}, []vfs.Algorithm{vfs.MD5, vfs.SHA256}
	data := apitest.Noise(large)
	forward := func(t *testing.T, f *fake, p vfs.Path) []byte {
		f.mustWrite(t, p, data)
		return data
	}
	pieces := func(order ...int) func(t *testing.T, f *fake, p vfs.Path) []byte {
		return func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			for _, i := range order {
				writeAt(t, w, data[i*buffers.BlockSize:min((i+1)*buffers.BlockSize, large)], int64(i)*buffers.BlockSize)
			}
			mustCommit(t, w)
			return data
		}
	}
	inPlace := func(change func(w *object.Writer, content []byte) []byte) func(t *testing.T, f *fake, p vfs.Path) []byte {
		return func(t *testing.T, f *fake, p vfs.Path) []byte {
			f.mustWrite(t, p, data)
			w := f.openWriter(t, p, vfs.WriteOptions{})
			content := change(w, bytes.Clone(data))
			mustCommit(t, w)
			return content
		}
	}
	for _, tt := range []struct {
		name  string
		write func(t *testing.T, f *fake, p vfs.Path) []byte
		want  []vfs.Algorithm
	}{
		{"empty", func(t *testing.T, f *fake, p vfs.Path) []byte { f.mustWrite(t, p, nil); return nil }, both},
		{"small", func(t *testing.T, f *fake, p vfs.Path) []byte { f.mustWrite(t, p, data[:1000]); return data[:1000] }, both},
		{"small, backwards", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, data[500:1000], 500)
			writeAt(t, w, data[:500], 0)
			mustCommit(t, w)
			return data[:1000]
		}, both},
		{"large", forward, both},
		{"large, in pieces", pieces(0, 1, 2, 3, 4, 5), both},
		{"large, a little out of order", pieces(1, 0, 2, 4, 3, 5), both},
		{"large, out of order", pieces(3, 4, 5, 0, 1, 2), none},
		{"large, sealed early", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			for off := 0; off < large; off += 100_001 {
				writeAt(t, w, data[off:min(off+100_001, large)], int64(off))
				w.Spill()
			}
			mustCommit(t, w)
			return data
		}, both},
		{"written over", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, apitest.Noise(large), 0)
			writeAt(t, w, data, 0)
			mustCommit(t, w)
			return data
		}, none},
		{"with a hole", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, data, 0)
			writeAt(t, w, data, large+buffers.BlockSize)
			mustCommit(t, w)
			return slices.Concat(data, make([]byte, buffers.BlockSize), data)
		}, none},
		{"cut short", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, data, 0)
			truncate(t, w, 3*buffers.BlockSize)
			mustCommit(t, w)
			return data[:3*buffers.BlockSize]
		}, none},
		{"cut short and gone on with", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, data, 0)
			truncate(t, w, 3*buffers.BlockSize)
			writeAt(t, w, data[3*buffers.BlockSize:], 3*buffers.BlockSize)
			mustCommit(t, w)
			return data
		}, none},
		{"made longer", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, data, 0)
			truncate(t, w, large+10)
			mustCommit(t, w)
			return append(bytes.Clone(data), make([]byte, 10)...)
		}, none},
		{"begun anew", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, apitest.Noise(large), 0)
			truncate(t, w, 0)
			writeAt(t, w, data, 0)
			mustCommit(t, w)
			return data
		}, both},
		{"begun anew in place", inPlace(func(w *object.Writer, content []byte) []byte {
			truncate(t, w, 0)
			slices.Reverse(content)
			writeAt(t, w, content, 0)
			return content
		}), both},
		{"changed in place", inPlace(func(w *object.Writer, content []byte) []byte {
			writeAt(t, w, []byte("changed"), 5)
			copy(content[5:], "changed")
			return content
		}), none},
		{"appended to", inPlace(func(w *object.Writer, content []byte) []byte {
			writeAt(t, w, data, large)
			return append(content, data...)
		}), none},
		{"untouched", inPlace(func(_ *object.Writer, content []byte) []byte { return content }), both},
		{"replaced by small", func(t *testing.T, f *fake, p vfs.Path) []byte {
			f.mustWrite(t, p, data)
			f.mustWrite(t, p, data[:10])
			return data[:10]
		}, both},
		{"renamed", func(t *testing.T, f *fake, p vfs.Path) []byte {
			f.mustWrite(t, p+".part", data)
			if err := f.Rename(t.Context(), p+".part", p, vfs.RenameOptions{}); err != nil {
				t.Fatal(err)
			}
			return data
		}, both},
		{"given a time", func(t *testing.T, f *fake, p vfs.Path) []byte {
			f.mustWrite(t, p, data)
			if err := f.SetAttrs(t.Context(), p, vfs.Attrs{ModTime: &f.opened}); err != nil {
				t.Fatal(err)
			}
			return data
		}, both},
		{"resumed", func(t *testing.T, f *fake, p vfs.Path) []byte {
			w := f.openWriter(t, p, replace)
			writeAt(t, w, data[:4*buffers.BlockSize+10], 0)
			w.Close()
			w = f.openWriter(t, p, vfs.WriteOptions{Create: true})
			writeAt(t, w, data[4*buffers.BlockSize+10:], 4*buffers.BlockSize+10)
			mustCommit(t, w)
			return data
		}, none},
	} {
		for _, wanted := range [][]vfs.Algorithm{both, short, none} {
			t.Run(tt.name, func(t *testing.T) {
				f := newFake(t, swifttest.Limits{}, func(c *Config) {
					c.SegmentSize, c.MaxSegmentSize, c.Digests = buffers.BlockSize, buffers.BlockSize, nil
					for _, a := range wanted {
						c.Digests = append(c.Digests, string(a))
					}
				})
				content := tt.write(t, f, "/c/file")
				f.has(t, "/c/file", content, "a checksum that is kept is checked")
				got, err := f.Digest(t.Context(), "/c/file")
				if err != nil {
					t.Fatal(err)
				}
				want := slices.Clone(tt.want)
				want = slices.DeleteFunc(want, func(a vfs.Algorithm) bool { return !slices.Contains(wanted, a) })
				if len(content) <= buffers.BlockSize && !slices.Contains(want, vfs.MD5) {
					want = append(want, vfs.MD5) // Swift computes it
				}
				if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(maps.Keys(got))); diff != "" {
					t.Errorf("the file has other checksums (-want +got):\n%s", diff)
				}
				f.digestsHold(t, "/c/file", content)
				if kept := f.keptCRC64(t, "/c/file") != ""; kept != (len(tt.want) > 0) {
					t.Errorf("that the file has a CRC-64 is %v", kept)
				}
			})
		}
	}
}

// keptCRC64 returns the CRC-64 in the metadata of the file.
func (f *fake) keptCRC64(t testing.TB, p vfs.Path) string {
	t.Helper()
	n, err := f.locate(p)
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.client.Head(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return o.Header.Get(api.MetaCRC64)
}

// digestsHold checks that no checksum of the file is wrong.
func (f *fake) digestsHold(t testing.TB, p vfs.Path, content []byte) {
	t.Helper()
	got, err := f.Digest(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := vfs.Sums{vfs.MD5: md5Of(content), vfs.SHA256: sha256Of(content)}
	for algorithm, sum := range got {
		if !bytes.Equal(sum, want[algorithm]) {
			t.Errorf("%q has the %s %x, and is said to have %x", p, algorithm, want[algorithm], sum)
		}
	}
	if said, is := f.keptCRC64(t, p), fmt.Sprintf("%016x", crc64nvme.Checksum(content)); said != "" && said != is {
		t.Errorf("%q has the CRC-64 %s, and is said to have %s", p, is, said)
	}
}

// TestDigestOfOthers has metadata with the name of a checksum but another content, as other
// programs may set it.
func TestDigestOfOthers(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	data := apitest.Noise(2*mib + 1000)
	f.mustWrite(t, "/c/file", data)
	o, err := f.client.Head(t.Context(), api.Name{Account: "", Container: "c", Object: "file"})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"x", "zz" + hex.EncodeToString(make([]byte, 15))} {
		header := o.KeptHeader()
		header[api.MetaMD5], header[api.MetaSHA256] = value, value
		if _, err := f.client.Send(t.Context(), api.Request{Method: "POST", Target: api.Name{Account: "", Container: "c", Object: "file"}, Header: header}); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Digest(t.Context(), "/c/file"); err != nil || len(got) != 0 {
			t.Errorf("Digest = %v, %v; want none", got, err)
		}
	}
}

// TestDigestFails lets segments fail while later segments wait for their checksums. The upload ends
// anyway, and frees its memory.
func TestDigestFails(t *testing.T) {
	for after := range 4 {
		f := newFake(t, swifttest.Limits{}, func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.Patience, c.UploadConcurrency = buffers.BlockSize, buffers.BlockSize, 0, 2
		})
		f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Container: "c_segments", Object: "file/", After: after, Fault: swifttest.Fault{Status: 503}})
		if _, err := f.write(t.Context(), "/c/file", apitest.Noise(8*mib), replace); vfs.Kind(err) != vfs.ErrUnavailable {
			t.Errorf("the upload ended with %v", err)
		}
	}
}

func md5Of(p []byte) []byte {
	sum := md5.Sum(p)
	return sum[:]
}

func sha256Of(p []byte) []byte {
	sum := sha256.Sum256(p)
	return sum[:]
}
