package swift

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

// TestManyTransfers makes a hundred uploads with the memory of a few, and then half as many
// downloads.
func TestManyTransfers(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.Patience = time.Minute })
	const transfers, size = 100, 3 * mib
	data := apitest.Noise(size)
	content := func(i int) []byte {
		mine := bytes.Clone(data)
		mine[i*1000] ^= 0xff
		return mine
	}
	path := func(i int) vfs.Path { return vfs.Path(fmt.Sprint("/c/file-", i)) }
	var up sync.WaitGroup
	for i := range transfers {
		up.Go(func() {
			if _, err := f.write(t.Context(), path(i), content(i), replace); err != nil {
				t.Errorf("%q: %v", path(i), err)
			}
		})
	}
	within(t, 3*time.Minute, "all uploads end", up.Wait)
	var down sync.WaitGroup
	for i := range transfers / 2 {
		down.Go(func() { f.has(t, path(i), content(i), "transfers do not mix") })
	}
	within(t, 3*time.Minute, "all downloads end", down.Wait)
}

// stalledReader is a client that sends some bytes and then nothing, until it is released.
type stalledReader struct {
	first   io.Reader
	release <-chan struct{}
}

func (r *stalledReader) Read(p []byte) (int, error) {
	if n, err := r.first.Read(p); n > 0 || err != io.EOF {
		return n, err
	}
	<-r.release
	return 0, io.ErrUnexpectedEOF
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestStalledClients has more stalled clients than there is memory for, stalled in every way. Other
// clients are not blocked.
func TestStalledClients(t *testing.T) {
	for name, tt := range map[string]struct {
		clients int
		sent    int
		stream  bool
	}{
		"before the first byte":          {100, 0, true},
		"after a byte":                   {100, 1, true},
		"in the middle of a segment":     {30, mib - 1, true},
		"in the middle of a large file":  {30, 2*mib + 1000, true},
		"after a write":                  {100, 1000, false},
		"after a write of many segments": {30, 3*mib + 1000, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ResumeRetention = 0 })
			release := make(chan struct{})
			data := apitest.Noise(tt.sent)
			var standing, done sync.WaitGroup
			for i := range tt.clients {
				w := f.openWriter(t, vfs.Path(fmt.Sprint("/c/stalled-", i)), replace)
				standing.Add(1)
				done.Go(func() {
					defer w.Close()
					if !tt.stream {
						if _, err := w.WriteAt(data, 0); err != nil {
							t.Error(err)
						}
						standing.Done()
						<-release
						return
					}
					there := sync.OnceFunc(standing.Done)
					r := &stalledReader{first: io.MultiReader(bytes.NewReader(data), readerFunc(func([]byte) (int, error) {
						there()
						return 0, io.EOF
					})), release: release}
					if n, err := w.ReadFrom(r); err != io.ErrUnexpectedEOF || n != int64(tt.sent) {
						t.Errorf("ReadFrom = %d, %v", n, err)
					}
				})
			}
			defer done.Wait()
			defer close(release)
			within(t, time.Minute, "what the clients send is taken", standing.Wait)
			within(t, time.Minute, "another upload and download go through", func() {
				mine := apitest.Noise(5 * mib)
				f.mustWrite(t, "/c/file", mine)
				f.has(t, "/c/file", mine, "clients that stand still are not in the way")
			})
		})
	}
}

// TestManyOpenFiles has one user open more files of one byte than there are blocks of memory, for
// writing and for reading. They take little of the memory, nothing of them is sent early for
// others, and another user is not blocked.
func TestManyOpenFiles(t *testing.T) {
	const files = 1030
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ResumeRetention = 0 })
	fsys, err := f.backend.Open(t.Context(), backend.Login{SessionID: "second", User: "second", Log: f.log, Grants: f.client.Grants})
	if err != nil {
		t.Fatal(err)
	}
	other := &fake{FS: fsys.(*FS), srv: f.srv, dir: f.dir}
	f.mustWrite(t, "/c/one", []byte("1"))
	free := f.backend.budget.Usage().Free
	var opened []io.Closer
	for i := range files {
		w := f.openWriter(t, vfsPath("/c/open-%d", i), replace)
		writeAt(t, w, []byte("x"), 0)
		opened = append(opened, w)
	}
	for range files / 2 {
		r, err := f.Open(t.Context(), "/c/one", vfs.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadAt(make([]byte, 1), 0); err != nil {
			t.Fatal(err)
		}
		opened = append(opened, r)
	}
	if took, most := free-f.backend.budget.Usage().Free, int64(len(opened)*buffers.SmallSize); took > most {
		t.Errorf("%d open files of a byte take %d bytes of memory, want %d at most", len(opened), took, most)
	}
	data := apitest.Noise(5 * mib)
	other.mustWrite(t, "/c/other", data)
	other.has(t, "/c/other", data, "one user's open files are not in the way of another one")
	if got := f.objectsIn(t, "c_segments"); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "open-") }) {
		t.Error("files of a byte were sent in segments, although there was memory")
	}
	for _, c := range opened {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
