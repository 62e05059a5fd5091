package object

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/crc64nvme"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
	"filegate/core/vfs"
)

var replace = vfs.WriteOptions{Create: true, Truncate: true}

// written is a fake Swift with a container for one file that a test writes.
type written struct {
	*Writers
	srv    *swifttest.Server
	budget *buffers.Budget
}

// newWriting starts a fake Swift for one test. Segments have 1 MiB unless change sets another size.
func newWriting(t *testing.T, change func(*Writing)) *written {
	t.Helper()
	srv := swifttest.Start(t, swifttest.Config{})
	writing := &Writing{SegmentSize: 1 << 20, MaxSegmentSize: 64 << 20, Concurrency: 6, Retention: time.Hour, MD5: true}
	if change != nil {
		change(writing)
	}
	client := apitest.NewClient(t, apitest.LogIn(t, srv), api.Config{Patience: 5 * time.Second, Stall: time.Minute})
	log := client.Log
	budget := buffers.New(buffers.MinMemory)
	all := budget.Usage()
	t.Cleanup(func() {
		if got := budget.Usage(); got != all {
			t.Errorf("memory when all is closed: %+v, want %+v", got, all)
		}
		budget.Close()
	})
	if _, err := client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: target.Top()}); err != nil {
		t.Fatal(err)
	}
	lists := listing.New(client, listing.NewLog(time.Hour, cache.NewMemory(1<<20), cache.NewMemory(1<<20)), listing.NewPageSizes(), time.Now())
	large := NewLarge(NewContainers(client, log, writing), lists)
	objects := &Store{Client: client, Log: log, Memory: budget.Account("test"), ReadAhead: 1 << 20, Downloads: 8}
	w := NewWriters(objects, NewUploads(large, NewKnownUploads()), NewRenames(large), new(pace.RTT), plainNames{client})
	return &written{Writers: w, srv: srv, budget: budget}
}

// openWriter opens a writer of the file.
func (f *written) openWriter(t *testing.T, opts vfs.WriteOptions) *Writer {
	t.Helper()
	_, old, err := f.names.Lookup(t.Context(), target, "file")
	if err != nil && !errors.Is(err, vfs.ErrNotExist) {
		t.Fatal(err)
	}
	limits, err := f.client.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.Open(t.Context(), Target{Name: target, Base: "file", Old: old, Unchanged: func() bool { return true }}, opts, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// head returns the description of the stored file.
func (f *written) head(t *testing.T) api.Object {
	t.Helper()
	o, err := f.client.Head(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// has checks that the file has the wanted content.
func (f *written) has(t *testing.T, want []byte, rule string) {
	t.Helper()
	got := make([]byte, len(want))
	o := f.head(t)
	if err := f.objects.ReadFull(t.Context(), target, o.ETag, 0, got); err != nil || o.Size != int64(len(want)) || !bytes.Equal(got, want) {
		t.Errorf("it has %d bytes (%v), which are not the %d wanted: %s", o.Size, err, len(want), rule)
	}
}

// sumsHold checks that no checksum of the file is wrong.
func (f *written) sumsHold(t *testing.T, content []byte) {
	t.Helper()
	o := f.head(t)
	md5Sum, sha256Sum := md5.Sum(content), sha256.Sum256(content) //nolint:gosec // Swift's ETags are MD5
	for key, want := range map[string]string{
		api.MetaMD5: hex.EncodeToString(md5Sum[:]), api.MetaSHA256: hex.EncodeToString(sha256Sum[:]),
		api.MetaCRC64: fmt.Sprintf("%016x", crc64nvme.Checksum(content)),
	} {
		if got := o.Header.Get(key); got != "" && got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}

// plainNames implements Names without directories, links and caches.
type plainNames struct{ client *api.Client }

func (plainNames) Object(p vfs.Path) (api.Name, error) {
	e := p.Elements()
	return api.Name{Container: e[0], Object: strings.Join(e[1:], "/")}, nil
}

func (plainNames) Path(n api.Name) vfs.Path { return vfs.Root.Join(n.Container).Join(n.Object) }

func (p plainNames) Lookup(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
	o, err := p.client.Head(ctx, n)
	if api.StatusOf(err) == http.StatusNotFound {
		return vfs.Info{}, api.Object{}, vfs.ErrNotExist
	}
	return o.Info(base), o, err
}

func (plainNames) Watch(api.Name) func() bool                  { return func() bool { return true } }
func (plainNames) MakeParents(context.Context, api.Name) error { return nil }
func (plainNames) Wrote(api.Name, int64, map[string]string)    {}

func writeAt(t *testing.T, w *Writer, data []byte, off int64) {
	t.Helper()
	if _, err := w.WriteAt(data, off); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, w *Writer, size int64) {
	t.Helper()
	if err := w.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

func mustCommit(t *testing.T, w *Writer) {
	t.Helper()
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
}
