package swift

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a fake Swift with an account in it that is open, and a container to work in.
type fake struct {
	*FS
	srv *swifttest.Server
	dir vfs.Path // the container
}

// newFake starts a Swift for one test.
func newFake(t *testing.T, limits swifttest.Limits, change func(*Config)) *fake {
	t.Helper()
	srv := swifttest.Start(t, swifttest.Config{Limits: limits})
	f := &fake{FS: openFS(t, accountIn(srv), change), srv: srv, dir: "/c"}
	if err := f.Mkdir(t.Context(), f.dir); err != nil {
		t.Fatal(err)
	}
	return f
}

func accountIn(srv *swifttest.Server) account {
	u := swifttest.DefaultUsers()[0]
	return account{srv.AuthURL(), u.Account + ":" + u.Name, u.Key}
}

// objects are the names of the objects in a container, without those that only mark an upload under way.
func (f *fake) objects(t *testing.T, container string) []string {
	t.Helper()
	page, err := f.page(context.WithoutCancel(t.Context()), container, listing{limit: 1000})
	if err != nil && status(err) != 404 {
		t.Fatal(err)
	}
	var names []string
	for _, e := range page {
		names = append(names, e.Name)
	}
	return names
}

// segments are the names of all objects in the container's segments.
func (f *fake) segments(t *testing.T) []string {
	t.Helper()
	return f.objects(t, segmentsContainer(string(f.dir[1:])))
}

var replace = vfs.WriteOptions{Create: true, Truncate: true}

// write makes the file, in one stream.
func (f *fake) write(ctx context.Context, p vfs.Path, data []byte, opts vfs.WriteOptions) (vfs.Info, error) {
	w, err := f.OpenWriter(ctx, p, opts)
	if err != nil {
		return vfs.Info{}, err
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
		return vfs.Info{}, err
	}
	return w.Commit(ctx)
}

func (f *fake) mustWrite(t *testing.T, p vfs.Path, data []byte) vfs.Info {
	t.Helper()
	info, err := f.write(t.Context(), p, data, replace)
	if err != nil {
		t.Fatalf("writing %q: %v", p, err)
	}
	return info
}

// read is the file's content, in one stream.
func (f *fake) read(ctx context.Context, p vfs.Path) ([]byte, error) {
	r, err := f.Open(ctx, p, vfs.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b bytes.Buffer
	_, err = r.WriteTo(writeOnly{&b})
	return b.Bytes(), err
}

type writeOnly struct{ io.Writer }

// has checks that the file has the content.
func (f *fake) has(t *testing.T, p vfs.Path, want []byte, rule string) {
	t.Helper()
	got, err := f.read(context.WithoutCancel(t.Context()), p)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q has %d bytes (%v), which are not the %d wanted: %s", p, len(got), err, len(want), rule)
	}
}

// noise is n bytes that are nobody else's.
func noise(n int) []byte {
	b := make([]byte, n)
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	rand.NewChaCha8(seed).Read(b)
	return b
}

// eventually waits until a condition holds, for as long as a test can be kept waiting.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to be that %s", what)
		}
	}
}
