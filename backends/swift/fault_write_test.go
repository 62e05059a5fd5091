package swift

import (
	"bytes"
	"fmt"
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

// upload is one way to write a file, with the requests that it takes.
type upload struct {
	name string
	old  int // size of the old file; negative: none
	data int // size of the new content
	opts vfs.WriteOptions
	ops  []swifttest.Op // requests that must succeed for the upload to succeed
	late bool           // the session believes that there is no old file
}

// allUploads returns all ways to write, with segments of 256 KiB.
func allUploads() []upload {
	const small, large = 30_000, 2*buffers.BlockSize + 100_000
	inPlace := vfs.WriteOptions{Offset: vfs.AtEnd}
	exclusive := vfs.WriteOptions{Create: true, Truncate: true, Exclusive: true}
	segments := []swifttest.Op{swifttest.HeadObject, swifttest.PutObject, swifttest.PutContainer, swifttest.PutManifest}
	all := []upload{
		{"small new file", -1, small, replace, []swifttest.Op{swifttest.HeadObject, swifttest.PutObject}, false},
		{"small new file, exclusive", -1, small, exclusive, []swifttest.Op{swifttest.HeadObject, swifttest.PutObject}, false},
		{"small over small", small, small, replace, []swifttest.Op{swifttest.HeadObject, swifttest.PutObject}, false},
		{"small over large", large, small, replace, []swifttest.Op{swifttest.HeadObject, swifttest.PutObject, swifttest.GetManifest}, false},
		{"large new file", -1, large, replace, segments, false},
		{"large new file, exclusive", -1, large, exclusive, segments, false},
		{"large over small", small, large, replace, segments, false},
		{"large over large", large, large, replace, append(segments[:2:2], swifttest.PutManifest, swifttest.GetManifest), false},
		{"append to small", small, large, inPlace, append(segments[:3:3], swifttest.PutManifest, swifttest.CopyObject), false},
		{"append to large", large, small, inPlace, append(segments[:2:2], swifttest.PutManifest, swifttest.GetManifest), false},
	}
	for _, u := range all {
		if u.old == large && u.opts.Truncate {
			u.name, u.late = u.name+", come late", true
			all = append(all, u)
		}
	}
	return all
}

// prepare puts the old file, if there is one.
func (u upload) prepare(t *testing.T, f *fake, p vfs.Path) (old []byte) {
	t.Helper()
	if u.old >= 0 {
		old = apitest.Noise(u.old)
		f.mustWrite(t, p, old)
	}
	f.forget()
	if u.late {
		n, err := f.locate(p)
		if err != nil {
			t.Fatal(err)
		}
		f.guess.remember(n, api.Object{}, vfs.ErrNotExist, f.guess.now())
	}
	return old
}

// run uploads with a fault, and checks that afterwards the file is completely old or completely
// new, as the error says, and that no unused segments are left.
func (u upload) run(t *testing.T, change func(*Config), inject func(f *fake)) (isNew bool, err error) {
	t.Helper()
	f := newFake(t, swifttest.Limits{}, func(c *Config) {
		c.SegmentSize = buffers.BlockSize
		c.Patience = 200 * time.Millisecond
		c.ResumeRetention = 0
		if change != nil {
			change(c)
		}
	})
	const p = "/c/file"
	old := u.prepare(t, f, p)
	data := apitest.Noise(u.data)
	inject(f)
	before := f.srv.Count(swifttest.PutManifest)
	err = u.write(t, f, p, data)
	f.srv.Heal()
	f.srv.ListingLag(0)
	after := data
	if u.opts.Offset == vfs.AtEnd {
		after = append(bytes.Clone(old), data...)
	}
	got, readErr := f.read(t.Context(), p)
	isOld := u.old < 0 && vfs.Kind(readErr) == vfs.ErrNotExist || readErr == nil && bytes.Equal(got, old)
	isNew = readErr == nil && bytes.Equal(got, after)
	switch {
	case !isOld && !isNew:
		t.Errorf("the upload ended with %v, and the file (%d bytes, %v) is neither the old content nor the new", err, len(got), readErr)
	case err == nil && !isNew:
		t.Error("the client was told of success, and the file is the old one")
	}
	if err != nil && strings.Contains(vfs.ClientText(err), "HTTP") {
		t.Errorf("the client is told %q", vfs.ClientText(err))
	}
	if err != nil && api.Reached(err) && f.srv.Count(swifttest.PutManifest) > before {
		// The result is not known: if one of three servers has the manifest, the others will have
		// it later too. The segments stay.
		f.complete(t, p)
	} else {
		f.tidy(t, p)
	}
	return isNew, err
}

// write makes the upload.
func (u upload) write(t *testing.T, f *fake, p vfs.Path, data []byte) error {
	open, err := f.OpenWriter(t.Context(), p, u.opts)
	if err != nil {
		return err
	}
	defer open.Close()
	if _, err := open.ReadFrom(bytes.NewReader(data)); err != nil {
		return err
	}
	_, err = open.Commit(t.Context())
	return err
}

// eachRequest runs a test for each request of each upload.
func eachRequest(t *testing.T, test func(t *testing.T, u upload, op swifttest.Op)) {
	for _, u := range allUploads() {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range u.ops {
				t.Run(string(op), func(t *testing.T) { test(t, u, op) })
			}
		})
	}
}

// TestWriteRecovers makes one request of each kind fail once, in every way. The client must not
// notice.
func TestWriteRecovers(t *testing.T) {
	faults := map[string]swifttest.Fault{
		"503":                  {Status: http.StatusServiceUnavailable},
		"500 after it is done": {At: swifttest.AtAnswer, Status: http.StatusInternalServerError},
		"ratelimit":            {Status: api.StatusRateLimited},
		"cut before":           {Cut: true},
		"cut in the body":      {At: swifttest.InRequest, Bytes: 50, Cut: true},
		"cut after it is done": {At: swifttest.AtAnswer, Cut: true},
		"answered late":        {At: swifttest.AtAnswer, Delay: 300 * time.Millisecond},
		"damaged on the way":   {Status: http.StatusUnprocessableEntity},
		"stored as another":    {At: swifttest.AtAnswer, Header: http.Header{"Etag": {strings.Repeat("0", 32)}}},
	}
	eachRequest(t, func(t *testing.T, u upload, op swifttest.Op) {
		for name, fault := range faults {
			if (fault.Status == http.StatusUnprocessableEntity || fault.Header != nil) && op != swifttest.PutObject && op != swifttest.PutManifest {
				continue // the request has no content that could be damaged
			}
			t.Run(name, func(t *testing.T) {
				_, err := u.run(t, func(c *Config) { c.Patience = 10 * time.Second }, func(f *fake) {
					f.srv.Inject(swifttest.Rule{Op: op, Times: 1, Fault: fault})
				})
				if err != nil {
					t.Errorf("one request that went wrong failed the upload: %v", err)
				}
			})
		}
	})
}

// TestWriteFails makes all requests of one kind fail permanently.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	eachRequest(t, func(t *testing.T, u upload, op swifttest.Op) {
		for name, fault := range map[string]swifttest.Fault{
			"503": {Status: http.StatusServiceUnavailable, Body: "proxy-3: no HTTP for you"},
			"cut": {Cut: true},
		} {
			t.Run(name, func(t *testing.T) {
				isNew, err := u.run(t, nil, func(f *fake) { f.srv.Inject(swifttest.Rule{Op: op, Fault: fault}) })
				if vfs.Kind(err) != vfs.ErrUnavailable || isNew {
					t.Errorf("the upload ended with %v (the file is the new one: %v), want %v", err, isNew, vfs.ErrUnavailable)
				}
			})
		}
	})
}

// TestWriteStoredAsAnother has Swift return a wrong ETag for each object. For a published object,
// filegate checks with another request.
func TestWriteStoredAsAnother(t *testing.T) {
	t.Parallel()
	wrong := swifttest.Rule{Op: swifttest.PutObject, Fault: swifttest.Fault{At: swifttest.AtAnswer, Header: http.Header{"Etag": {strings.Repeat("0", 32)}}}}
	for _, u := range allUploads() {
		t.Run(u.name, func(t *testing.T) {
			isNew, err := u.run(t, nil, func(f *fake) { f.srv.Inject(wrong) })
			if plain := u.opts.Truncate && u.data < buffers.BlockSize; plain != isNew || plain != (err == nil) {
				t.Errorf("the upload ended with %v, and the file is the new one: %v", err, isNew)
			}
			if err != nil && vfs.Kind(err) != vfs.ErrCorrupt {
				t.Errorf("the upload ended with %v, want %v", err, vfs.ErrCorrupt)
			}
		})
	}
}

// TestWriteRefused has Swift refuse the content, for each request that can be refused.
func TestWriteRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{http.StatusForbidden, "", vfs.ErrPermission},
		{http.StatusRequestEntityTooLarge, "", vfs.ErrTooLarge},
		{http.StatusRequestEntityTooLarge, "Upload exceeds quota.", vfs.ErrQuota},
		{http.StatusUnprocessableEntity, "", vfs.ErrCorrupt},
		{http.StatusInsufficientStorage, "", vfs.ErrQuota},
	} {
		t.Run(fmt.Sprint(tt.status, tt.body), func(t *testing.T) {
			eachRequest(t, func(t *testing.T, u upload, op swifttest.Op) {
				switch op {
				case swifttest.PutObject, swifttest.PutManifest, swifttest.CopyObject:
				default:
					t.Skip("carries no content")
				}
				isNew, err := u.run(t, nil, func(f *fake) {
					f.srv.Inject(swifttest.Rule{Op: op, Fault: swifttest.Fault{Status: tt.status, Body: tt.body}})
				})
				if vfs.Kind(err) != tt.want || isNew {
					t.Errorf("the upload ended with %v (the file is the new one: %v), want %v", err, isNew, tt.want)
				}
			})
		})
	}
}

// TestWriteStalls makes a request stall forever, once or always.
func TestWriteStalls(t *testing.T) {
	points := map[string]swifttest.Fault{
		"before":           {Stall: swifttest.Forever()},
		"in the body":      {At: swifttest.InRequest, Bytes: 100, Stall: swifttest.Forever()},
		"after it is done": {At: swifttest.AtAnswer, Stall: swifttest.Forever()},
	}
	for _, u := range allUploads() {
		var op swifttest.Op
		switch u.name {
		case "small over small", "large new file":
			op = swifttest.PutObject
		case "large over large":
			op = swifttest.PutManifest
		default:
			continue
		}
		for point, fault := range points {
			stall := func(t *testing.T, times int, patience time.Duration) (isNew bool, err error) {
				t.Parallel()
				return u.run(t, func(c *Config) { c.Stall, c.Patience = 5*time.Second, patience }, func(f *fake) {
					f.srv.Inject(swifttest.Rule{Op: op, Times: times, Fault: fault})
				})
			}
			t.Run(u.name+"/once/"+point, func(t *testing.T) {
				if _, err := stall(t, 1, time.Minute); err != nil {
					t.Errorf("one stall failed the upload: %v", err)
				}
			})
			t.Run(u.name+"/always/"+point, func(t *testing.T) {
				isNew, err := stall(t, 0, 0)
				// A lookup of the file shows whether the request was carried out.
				if done := fault.At == swifttest.AtAnswer && u.name != "large new file"; done && err != nil || !done && (vfs.Kind(err) != vfs.ErrUnavailable || isNew) {
					t.Errorf("the upload ended with %v (the file is the new one: %v)", err, isNew)
				}
			})
		}
	}
}
