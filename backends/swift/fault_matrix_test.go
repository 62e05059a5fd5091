package swift

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestEachRequestFails makes each request of each way to write fail, in both forms of large files,
// without retries. Afterwards the file is completely old or completely new, and if the client was
// told of success, it is new.
func TestEachRequestFails(t *testing.T) {
	for _, form := range []string{largeSLO, largeDLO} {
		for _, u := range allUploads() {
			for name, rule := range map[string]swifttest.Rule{
				"503":          {Times: 1, Fault: swifttest.Fault{Status: http.StatusServiceUnavailable}},
				"cut":          {Times: 1, Fault: swifttest.Fault{Cut: true}},
				"answer lost":  {Times: 1, Fault: swifttest.Fault{At: swifttest.AtAnswer, Cut: true}},
				"503 for ever": {Fault: swifttest.Fault{Status: http.StatusServiceUnavailable}},
			} {
				t.Run(fmt.Sprint(form, "/", u.name, "/", name), func(t *testing.T) {
					t.Parallel()
					for rule.After = 0; u.failsAt(t, form, rule); rule.After++ {
					}
				})
			}
		}
	}
}

// failsAt uploads with a fault, and reports whether the fault happened.
func (u upload) failsAt(t *testing.T, form string, rule swifttest.Rule) bool {
	t.Helper()
	f := newFake(t, forms[form], func(c *Config) {
		c.SegmentSize, c.MaxSegmentSize, c.LargeObjects, c.Patience = buffers.BlockSize, buffers.BlockSize, largeObjects(form), 0
	})
	const p = "/c/file"
	old := u.prepare(t, f, p)
	data := apitest.Noise(u.data)
	after := data
	if u.opts.Offset == vfs.AtEnd {
		after = append(bytes.Clone(old), data...)
	}
	var struck atomic.Bool
	rule.Fault.Call = func() { struck.Store(true) }
	f.srv.Inject(rule)
	err := u.write(t, f, p, data)
	f.srv.Heal()
	f.client.Patience = 10 * time.Second
	got, readErr := f.read(t.Context(), p)
	isOld := u.old < 0 && vfs.Kind(readErr) == vfs.ErrNotExist || readErr == nil && bytes.Equal(got, old)
	isNew := readErr == nil && bytes.Equal(got, after)
	switch {
	case !isOld && !isNew:
		t.Errorf("request %d: the upload ended with %v, and the file (%d bytes, %v) is neither the old content nor the new", rule.After, err, len(got), readErr)
	case err == nil && !isNew:
		t.Errorf("request %d: the client was told of success, and the file is the old one", rule.After)
	case err != nil && isNew && !api.Reached(err):
		t.Errorf("request %d: the client was told of the failure %v, and the file is the new one", rule.After, err)
	case isNew:
		f.digestsHold(t, p, after)
	}
	f.complete(t, p)
	return struck.Load()
}

// TestGatewayKilled kills a gateway at each request of an upload, as kill -9 does: none of its
// later requests reaches Swift. Another gateway resumes the upload, or starts again if nothing of
// it has been stored.
func TestGatewayKilled(t *testing.T) {
	for form := range forms {
		for _, at := range []swifttest.Point{swifttest.AtStart, swifttest.AtAnswer} {
			t.Run(fmt.Sprint(form, "/", at), func(t *testing.T) {
				t.Parallel()
				for n := 0; killedAt(t, form, swifttest.Rule{After: n, Fault: swifttest.Fault{At: at, Cut: true}}); n++ {
				}
			})
		}
	}
}

func killedAt(t *testing.T, form string, rule swifttest.Rule) bool {
	t.Helper()
	option := func(c *Config) {
		c.SegmentSize, c.MaxSegmentSize, c.LargeObjects = buffers.BlockSize, buffers.BlockSize, largeObjects(form)
	}
	first := newFake(t, forms[form], option)
	second := openFS(t, accountIn(first.srv), option)
	first.client.Patience = 0
	const p = "/c/file"
	data := apitest.Noise(6*buffers.BlockSize + 1000)
	var struck atomic.Bool
	rule.Fault.Call = func() { struck.Store(true) }
	first.srv.Inject(rule)
	// The request whose answer is lost is carried out; no later one is.
	if rule.Fault.At == swifttest.AtAnswer {
		first.srv.Inject(swifttest.Rule{After: rule.After + 1, Fault: swifttest.Fault{Cut: true}})
	}
	_, err := first.write(t.Context(), p, data, replace)
	first.srv.Heal()
	first.client.Patience = 10 * time.Second

	info, statErr := second.Stat(t.Context(), p)
	switch {
	case statErr == nil && !info.Partial:
	case err == nil:
		t.Errorf("request %d: the client was told of success, and the file is %+v, %v", rule.After, info, statErr)
	case statErr == nil || vfs.Kind(statErr) == vfs.ErrNotExist:
		if info.Size > int64(len(data)) {
			t.Fatalf("request %d: %d bytes have arrived of %d", rule.After, info.Size, len(data))
		}
		w, err := second.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true, Offset: info.Size})
		if err != nil {
			t.Fatalf("request %d: going on: %v", rule.After, err)
		}
		defer w.Close()
		if _, err := w.ReadFrom(bytes.NewReader(data[info.Size:])); err != nil {
			t.Fatal(err)
		}
		mustCommit(t, w)
	default:
		t.Errorf("request %d: Stat: %v", rule.After, statErr)
	}
	first.has(t, p, data, fmt.Sprintf("request %d: an upload is gone on with through any gateway", rule.After))
	first.complete(t, p)
	return struck.Load()
}

// TestListingsBehind writes in all ways while listings lag by half a minute. Uploads do not depend
// on listings.
func TestListingsBehind(t *testing.T) {
	for _, u := range allUploads() {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			if _, err := u.run(t, nil, func(f *fake) { f.srv.ListingLag(30 * time.Second) }); err != nil {
				t.Errorf("the upload ended with %v", err)
			}
		})
	}
}
