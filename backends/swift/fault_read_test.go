package swift

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// downloads are the forms in which a file is stored in Swift, by its size with segments of 256 KiB.
var downloads = map[string]int{"plain": 200_000, "large": 3*buffers.BlockSize + 1000}

func newDownload(t *testing.T, size int, change func(*Config)) (*fake, []byte) {
	t.Helper()
	f := newFake(t, swifttest.Limits{}, func(c *Config) {
		c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, buffers.BlockSize
		c.Patience = 10 * time.Second
		if change != nil {
			change(c)
		}
	})
	data := apitest.Noise(size)
	f.mustWrite(t, "/c/file", data)
	f.srv.ForgetRequests()
	return f, data
}

// TestReadRecovers makes downloads fail in every way, once or repeatedly. The client gets the
// complete file.
func TestReadRecovers(t *testing.T) {
	for form, size := range downloads {
		for name, rule := range map[string]swifttest.Rule{
			"503 at open":            {Times: 1, Fault: swifttest.Fault{Status: 503}},
			"ratelimit at open":      {Times: 2, Fault: swifttest.Fault{Status: api.StatusRateLimited}},
			"cut before the answer":  {Times: 1, Fault: swifttest.Fault{At: swifttest.AtAnswer, Cut: true}},
			"cut at once":            {Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 0, Cut: true}},
			"cut before the end":     {Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: int64(size) - 1, Cut: true}},
			"cut again and again":    {Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 60_000, Cut: true}},
			"stalled at open":        {Times: 1, Fault: swifttest.Fault{Stall: swifttest.Forever()}},
			"stalled in the middle":  {Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 100_000, Stall: swifttest.Forever()}},
			"slow, but not for good": {Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 100_000, Delay: 300 * time.Millisecond}},
		} {
			t.Run(form+"/"+name, func(t *testing.T) {
				t.Parallel()
				f, data := newDownload(t, size, func(c *Config) { c.Stall, c.Patience = 3*time.Second, time.Minute })
				rule.Op = swifttest.GetObject
				f.srv.Inject(rule)
				got, err := f.read(t.Context(), "/c/file")
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%d bytes came (%v), which are not the %d of the file", len(got), err, len(data))
				}
				for _, r := range f.srv.Requests() {
					if r.Op == swifttest.GetObject && r.Header.Get("Range") != "" && r.Header.Get("If-Match") == "" {
						t.Errorf("a part was asked for (%s) without If-Match", r.Header.Get("Range"))
					}
				}
			})
		}
	}
}

// TestReadFails makes downloads fail permanently. The bytes that the client gets are the beginning
// of the file, and the client gets an error.
func TestReadFails(t *testing.T) {
	for form, size := range downloads {
		for name, tt := range map[string]struct {
			fault swifttest.Fault
			after int
			open  bool // Open returns the error
			want  error
		}{
			"503 at open":  {swifttest.Fault{Status: 503, Body: "HTTP"}, 0, true, vfs.ErrUnavailable},
			"403 at open":  {swifttest.Fault{Status: 403}, 0, true, vfs.ErrPermission},
			"404 at open":  {swifttest.Fault{Status: 404}, 0, true, vfs.ErrNotExist},
			"cut at open":  {swifttest.Fault{Cut: true}, 0, true, vfs.ErrUnavailable},
			"503 later":    {swifttest.Fault{Status: 503}, 1, false, vfs.ErrUnavailable},
			"403 later":    {swifttest.Fault{Status: 403}, 1, false, vfs.ErrPermission},
			"cut later":    {swifttest.Fault{Cut: true}, 1, false, vfs.ErrUnavailable},
			"gone later":   {swifttest.Fault{Status: 404}, 1, false, vfs.ErrChanged},
			"changed":      {swifttest.Fault{Status: 412}, 1, false, vfs.ErrChanged},
			"shorter":      {swifttest.Fault{Status: 416}, 1, false, vfs.ErrChanged},
			"segment gone": {swifttest.Fault{Status: 409}, 1, false, vfs.ErrCorrupt},
		} {
			t.Run(form+"/"+name, func(t *testing.T) {
				t.Parallel()
				f, data := newDownload(t, size, func(c *Config) { c.Patience = 200 * time.Millisecond })
				f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 100_000, Cut: true}})
				f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, After: tt.after, Fault: tt.fault})
				r, err := f.Open(t.Context(), "/c/file", vfs.OpenOptions{})
				if (err != nil) != tt.open {
					t.Fatalf("Open: %v", err)
				}
				var got bytes.Buffer
				if err == nil {
					defer r.Close()
					_, err = r.WriteTo(writeOnly{&got})
				}
				if vfs.Kind(err) != tt.want || strings.Contains(vfs.ClientText(err), "HTTP") {
					t.Errorf("the download ended with %v, told as %q; want %v", err, vfs.ClientText(err), tt.want)
				}
				if !bytes.HasPrefix(data, got.Bytes()) {
					t.Errorf("what came are not the first %d bytes of the file", got.Len())
				}
			})
		}
	}
}

// TestReadWhileReplaced replaces a file, or removes it, while it is being read.
func TestReadWhileReplaced(t *testing.T) {
	for form, size := range downloads {
		for what, change := range map[string]func(t *testing.T, f *fake){
			"replaced": func(t *testing.T, f *fake) { f.mustWrite(t, "/c/file", apitest.Noise(size)) },
			"by small": func(t *testing.T, f *fake) { f.mustWrite(t, "/c/file", apitest.Noise(10)) },
			"removed": func(t *testing.T, f *fake) {
				if err := f.Remove(t.Context(), "/c/file"); err != nil {
					t.Error(err)
				}
			},
		} {
			t.Run(form+"/"+what, func(t *testing.T) {
				f, data := newDownload(t, size, func(c *Config) { c.ReadAhead, c.Patience = buffers.BlockSize, time.Second })
				// The stream ends when the change happens, so that the rest must be requested.
				f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Times: 1, Fault: swifttest.Fault{
					At: swifttest.InAnswer, Bytes: 100_000, Call: func() { change(t, f) }, Cut: true,
				}})
				got, err := f.read(t.Context(), "/c/file")
				if err == nil && !bytes.Equal(got, data) || !bytes.HasPrefix(data, got) {
					t.Errorf("%d bytes came (%v), which are not of the file that was opened", len(got), err)
				}
				if err != nil && vfs.Kind(err) != vfs.ErrChanged {
					t.Errorf("the download ended with %v, want %v", err, vfs.ErrChanged)
				}
			})
		}
	}
}

// TestReadDamaged reads a file whose bytes do not match its checksum, for each kind of checksum.
func TestReadDamaged(t *testing.T) {
	const wrong = "0123456789abcdef"
	for name, header := range map[string]http.Header{
		"CRC-64":  {api.MetaCRC64: {wrong}},
		"SHA-256": {api.MetaCRC64: {""}, api.MetaSHA256: {strings.Repeat(wrong, 4)}},
		"ETag":    {api.MetaCRC64: {""}, "Etag": {wrong + wrong}},
	} {
		t.Run(name, func(t *testing.T) {
			f, data := newDownload(t, 200_000, nil)
			f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{Header: header}})
			got, err := f.read(t.Context(), "/c/file")
			if vfs.Kind(err) != vfs.ErrCorrupt || len(got) >= len(data) {
				t.Errorf("%d bytes came, %v; want %v before the last of %d", len(got), err, vfs.ErrCorrupt, len(data))
			}
			r := f.open(t, "/c/file", vfs.OpenOptions{})
			if n, err := r.ReadAt(make([]byte, len(data)), 0); n == len(data) || vfs.Kind(err) != vfs.ErrCorrupt {
				t.Errorf("ReadAt of the whole = %d, %v; want %v", n, err, vfs.ErrCorrupt)
			}
		})
	}
}

// TestReadSegmentMissing has Swift answer 200 and break off, as it does for a large object with a
// missing segment.
func TestReadSegmentMissing(t *testing.T) {
	f, data := newDownload(t, 3*buffers.BlockSize+1000, func(c *Config) { c.Patience = 300 * time.Millisecond })
	seg := f.needed(t, api.Name{Account: "", Container: "c", Object: "file"})[1]
	if err := f.client.Delete(t.Context(), api.Name{Account: "", Container: "c_segments", Object: seg}); err != nil {
		t.Fatal(err)
	}
	got, err := f.read(t.Context(), "/c/file")
	if err == nil || !bytes.HasPrefix(data, got) {
		t.Errorf("%d bytes came, %v; want a beginning of the file and an error", len(got), err)
	}
	if kind := vfs.Kind(err); kind != vfs.ErrCorrupt {
		t.Errorf("the download ended with %v, want %v", err, vfs.ErrCorrupt)
	}
}

// TestReadCanceled ends the context in the middle of a stalled download.
func TestReadCanceled(t *testing.T) {
	f, _ := newDownload(t, 3*buffers.BlockSize+1000, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 100_000, Call: cancel, Stall: swifttest.Forever()}})
	within(t, 10*time.Second, "a canceled download ends", func() {
		if _, err := f.read(ctx, "/c/file"); !errors.Is(err, context.Canceled) {
			t.Errorf("the download ended with %v", err)
		}
	})
}
