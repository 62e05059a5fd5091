package swift

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests of faults spend most of their time waiting for Patience or Stall to end.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// fake is a fake Swift with an open login, and a container for the test.
type fake struct {
	*FS
	srv *swifttest.Server
	dir vfs.Path // the container
}

// newFake starts a fake Swift for one test.
func newFake(t *testing.T, limits swifttest.Limits, change func(*Config)) *fake {
	t.Helper()
	srv := swifttest.Start(t, swifttest.Config{Limits: limits})
	f := &fake{FS: openFS(t, accountIn(srv), change), srv: srv, dir: "/c"}
	t.Cleanup(func() { f.balanced(t) })
	if err := f.Mkdir(t.Context(), f.dir); err != nil {
		t.Fatal(err)
	}
	return f
}

func accountIn(srv *swifttest.Server) account {
	u := swifttest.DefaultUsers()[0]
	return account{authURL: srv.AuthURL(), user: u.Account + ":" + u.Name, key: u.Key}
}

// forget removes all recent answers from the session.
func (f *FS) forget() {
	f.backend.besides.Wait()
	f.guess.told, f.guess.around = recentLookups{}, newListedRanges(askedAgain)
	f.guess.ahead.ask(api.Name{})
	f.dirs = knownDirs{}
}

// recallLong makes recent answers last for the whole test, however slow it is. It must be called
// first.
func (f *FS) recallLong() {
	f.backend.recallFor, f.backend.nearFor, f.backend.heldMost = time.Hour, time.Hour, time.Hour
	f.guess.around = newListedRanges(time.Hour)
}

// objectsIn returns the names of the objects in a container, in order.
func (f *fake) objectsIn(t *testing.T, container string) []string {
	t.Helper()
	page, err := f.lists.List(context.WithoutCancel(t.Context()), api.Name{Container: container}, listing.Query{Limit: 1000})
	if err != nil && api.StatusOf(err) != 404 {
		t.Fatal(err)
	}
	var names []string
	for _, e := range page {
		names = append(names, e.Name)
	}
	return names
}

// balanced checks that all memory has been freed; all files and writers must be closed.
func (f *fake) balanced(t *testing.T) {
	t.Helper()
	b := f.backend.budget
	now := b.Usage()
	if all := f.backend.cfg.Memory / buffers.BlockSize * buffers.BlockSize; now.Free != all || now.Waiting != 0 || now.Holders != 0 || now.Accounts != 0 {
		t.Errorf("%d of %d bytes are free, %d requests wait, %d holders can be asked, and %d users have an account: not everything was given back",
			now.Free, all, now.Waiting, now.Holders, now.Accounts)
	}
}

// needed returns the names of the segments that a file's manifest names, with those of nested
// manifests.
func (f *fake) needed(t *testing.T, n api.Name) []string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	o, err := f.client.Head(ctx, n)
	if err != nil && api.StatusOf(err) != 404 {
		t.Fatal(err)
	}
	if o.DLO != "" {
		container, prefix := o.DLOPrefix(n)
		return slices.DeleteFunc(f.objectsIn(t, container.Container), func(s string) bool { return !strings.HasPrefix(s, prefix) })
	}
	if !o.SLO {
		return nil
	}
	all, err := f.large.EverySegment(ctx, n, o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, seg := range all {
		names = append(names, seg.Object)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tidy checks that only the segments of the file are stored.
func (f *fake) tidy(t *testing.T, p vfs.Path) {
	t.Helper()
	n, err := f.locate(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.needed(t, n), f.segments(t), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the segments that are stored are not those that %q needs (-want +got):\n%s", p, diff)
	}
}

// complete checks that all segments of the file are stored.
func (f *fake) complete(t *testing.T, p vfs.Path) {
	t.Helper()
	n, err := f.locate(p)
	if err != nil {
		t.Fatal(err)
	}
	stored := f.segments(t)
	for _, seg := range f.needed(t, n) {
		if !slices.Contains(stored, seg) {
			t.Errorf("%q needs the segment %q, which is gone", p, seg)
		}
	}
}

// segments returns the names of all objects in the container for segments, and of the segments
// beside its files.
func (f *fake) segments(t *testing.T) []string {
	t.Helper()
	beside := slices.DeleteFunc(f.objectsIn(t, string(f.dir[1:])), func(s string) bool { return !object.IsOwnPart(s) })
	return append(beside, f.objectsIn(t, api.SegmentsContainer(string(f.dir[1:])))...)
}

var replace = vfs.WriteOptions{Create: true, Truncate: true}

// knowParent makes the session assume that the parent directory of the file exists, so that a file
// in it makes a directory that is only a prefix.
func (f *FS) knowParent(p vfs.Path) {
	if n, err := f.locate(p); err == nil {
		f.sawIn(n, f.lastGone())
	}
}

// write writes the file as one stream.
func (f *fake) write(ctx context.Context, p vfs.Path, data []byte, opts vfs.WriteOptions) (vfs.Info, error) {
	f.knowParent(p)
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

// read returns the file's content, read as one stream.
func (f *fake) read(ctx context.Context, p vfs.Path) ([]byte, error) {
	r, err := f.Open(ctx, p, vfs.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var content []byte
	if size := r.Info().Size; size > 0 { // a buffer that grows is slow with the race detector
		content = make([]byte, 0, min(size, 64*mib))
	}
	b := bytes.NewBuffer(content)
	_, err = r.WriteTo(writeOnly{b})
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

// putSegment puts an object as a segment for a manifest, and creates its container if it does not
// exist.
func (f *fake) putSegment(t *testing.T, n api.Name, content []byte) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	put := func() error {
		_, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n, Body: bytes.NewReader(content), Length: int64(len(content))})
		return err
	}
	err := put()
	if api.StatusOf(err) == http.StatusNotFound {
		if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n.Top()}); err != nil {
			t.Fatal(err)
		}
		err = put()
	}
	if err != nil {
		t.Fatal(err)
	}
}
