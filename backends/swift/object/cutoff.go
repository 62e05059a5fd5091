package object

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// An interrupted upload of a new file can be resumed by any gateway: its segments are stored, and
// their names contain their offsets. A marker distinguishes them from the segments of a file that
// was committed and then renamed:
//
//	<container>_segments/.uploads/<object>/<upload id>
//
// The marker exists from before the first segment until just before the manifest. Commit deletes
// it, and fails if it is gone, because another client has then removed the upload. The marker has
// no expiry time, because only the marker shows that the segments belong to an upload. An upload
// that was not resumed within the retention time is hidden, and a later Commit removes it (see
// sweepUploads).
//
// The content of the marker is the place of the segments: "/container/object", or an object in the
// file's container. It is empty for the usual place. If the client has set a modification time, a
// NUL and the time follow.
const uploadsPrefix = ".uploads/"

const (
	// keepFrom is the smallest interrupted upload that is kept, in bytes. A smaller one can be sent
	// again as quickly.
	keepFrom = mib
	// maxPartials is the largest number of interrupted uploads in the listing of a directory.
	maxPartials = 1000
	// partialsAtOnce is the largest number of interrupted uploads that are looked up in parallel.
	partialsAtOnce = 32
	// partialsFor is how long filegate remembers whether a container has interrupted uploads.
	partialsFor = 2 * time.Second
)

// CutOff is an interrupted upload, or one that is still running on another gateway.
type CutOff struct {
	ID       string
	layout   Layout // from the beginning of the file to the first hole
	Size     int64
	sequence int // number of the next segment
	modified time.Time
	segments []api.Name // all segments, including those after a hole
	stored   int64      // bytes of all segments
	Place    api.Name   // prefix of their names
	MTime    string     // modification time that the client has set, as in metadata
}

// Info returns the listing entry of the upload under the name base.
func (p *CutOff) Info(base string) vfs.Info {
	info := vfs.Info{Name: base, Size: p.Size, Mode: api.DefaultFileMode, ModTime: p.modified, Partial: true}
	if t, err := api.ParseSeconds(p.MTime); err == nil {
		info.ModTime = t
	}
	return info
}

// MarkerName returns the name of the marker of an upload. It returns false if the name would be too
// long; such an upload cannot be resumed.
func MarkerName(target api.Name, upload string) (api.Name, bool) {
	n := target.SegmentsContainer().With(uploadsPrefix + target.Object + "/" + upload)
	return n, len(n.Object) <= api.MaxObjectName
}

// MayHave reports whether n's container may have interrupted uploads that the login may see. The
// result is remembered for other logins, unless Swift has refused the listing to this login.
func (u *Uploads) MayHave(ctx context.Context, n api.Name) (bool, error) {
	if u.writing.Retention == 0 {
		return false, nil
	}
	key, err := u.partialsKey(ctx, n)
	if err != nil {
		return false, err
	}
	switch {
	case u.Known.none.Has(key):
		return false, nil
	case u.Known.some.Has(key):
		return true, nil
	}
	page, err := u.lists.List(ctx, n.SegmentsContainer(), listing.Query{Prefix: uploadsPrefix, Limit: 1})
	switch {
	case api.StatusOf(err) == http.StatusForbidden:
		return false, nil
	case api.StatusOf(err) == http.StatusNotFound:
	case err != nil:
		return false, err
	case len(page) > 0:
		u.Known.some.Note(key)
		return true, nil
	}
	u.Known.none.Note(key)
	return false, nil
}

// NoneToSee reports whether err means that the container for a listing of interrupted uploads does
// not exist, or that the login may not read it. In the second case, another login may see uploads.
func NoneToSee(err error) bool {
	return api.StatusOf(err) == http.StatusNotFound || api.StatusOf(err) == http.StatusForbidden
}

func (u *Uploads) partialsKey(ctx context.Context, n api.Name) (string, error) {
	grant, err := u.client.Grants.Current(ctx)
	return grant.Endpoint + n.Top().String(), err
}

// Find returns the latest interrupted upload of a file, or nil. The error is not translated.
func (u *Uploads) Find(ctx context.Context, n api.Name) (*CutOff, error) {
	if may, err := u.MayHave(ctx, n); err != nil || !may {
		return nil, err
	}
	marker, ok := MarkerName(n, "")
	if !ok {
		return nil, nil
	}
	page, err := u.lists.ListedUpTo(ctx, marker.Top(), marker.Object, maxPartials)
	if NoneToSee(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// Upload IDs begin with the time, so the last one is the latest.
	for _, e := range slices.Backward(page) {
		if upload := strings.TrimPrefix(e.Name, marker.Object); !strings.Contains(upload, "/") {
			p, err := u.replay(ctx, n, upload, e)
			if err != nil {
				return nil, err
			}
			if p.Size > 0 && !u.expired(p.modified) {
				return p, nil
			}
		}
	}
	return nil, nil
}

// expired reports whether an upload can no longer be resumed, if last is the time of its last
// change.
func (u *Uploads) expired(last time.Time) bool { return time.Since(last) > u.writing.Retention }

// maxTime is the maximum length of a time in a marker, in bytes.
const maxTime = 64

// ReadMarker returns the place of an upload's segments and the modification time in its marker.
func (u *Uploads) ReadMarker(ctx context.Context, n api.Name, upload string, marker listing.Entry) (place api.Name, mtime string, err error) {
	if marker.Bytes == 0 {
		return HiddenPlace(n, upload), "", nil
	}
	at, _ := MarkerName(n, upload)
	body, _, err := u.client.Fetch(ctx, api.Request{Method: http.MethodGet, Target: at}, api.MaxContainerName+api.MaxObjectName+2+1+maxTime)
	if err != nil {
		return api.Name{}, "", err
	}
	place, mtime, ok := parseMarkerBody(n, upload, body)
	if !ok {
		return api.Name{}, "", fmt.Errorf("the marker %q names no place for segments: %q", at.String(), body)
	}
	return place, mtime, nil
}

// parseMarkerBody parses the content of a marker. It returns false if segments of this upload
// cannot be in the place that it names.
func parseMarkerBody(n api.Name, upload string, body []byte) (place api.Name, mtime string, ok bool) {
	written, mtime, _ := strings.Cut(string(body), "\x00")
	if written == "" {
		return HiddenPlace(n, upload), mtime, true
	}
	absolute, _ := api.ParseName(n.Account, written)
	for _, place := range []api.Name{absolute, n.With(written)} {
		if place.Container != "" && isHiddenSegment(n, segmentName(place, 0, 0)) && strings.HasSuffix(place.Object, "/"+upload+"/") {
			return place, mtime, true
		}
	}
	return api.Name{}, "", false
}

// replay reads the journal of an upload, which is the names of its segments.
func (u *Uploads) replay(ctx context.Context, n api.Name, upload string, marker listing.Entry) (*CutOff, error) {
	place, mtime, err := u.ReadMarker(ctx, n, upload, marker)
	if err != nil {
		return nil, err
	}
	type line struct {
		off      int64
		sequence int
		seg      *Segment
	}
	var journal []line
	p := &CutOff{ID: upload, Place: place, MTime: mtime, modified: marker.Time(time.Time{})}
	stored, err := u.lists.AllListed(ctx, place.Top(), place.Object)
	if err != nil && api.StatusOf(err) != http.StatusNotFound {
		return nil, err
	}
	for _, e := range stored {
		p.segments = append(p.segments, place.With(e.Name))
		p.stored += e.Bytes
		p.modified = latest(p.modified, e.Time(time.Time{}))
		if off, sequence, ok := parseSegmentName(strings.TrimPrefix(e.Name, place.Object)); ok {
			journal = append(journal, line{off, sequence, &Segment{name: place.With(e.Name), size: e.Bytes, etag: e.Hash}})
			p.sequence = max(p.sequence, sequence+1)
		}
	}
	// Later segments replace earlier ones.
	slices.SortFunc(journal, func(a, b line) int { return cmp.Compare(a.sequence, b.sequence) })
	for _, l := range journal {
		p.layout.put(l.seg, l.off)
	}
	p.Size = p.layout.reach()
	p.layout = slices.DeleteFunc(p.layout, func(e Extent) bool { return e.Off >= p.Size })
	return p, nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// These constants limit the numbers in a segment's name. Any client may have created an object with
// such a name. Within these limits, the end of the segment cannot overflow.
const (
	maxSegmentOffset   = math.MaxInt64 / 4
	maxSegmentSequence = 1_000_000_000
)

// parseSegmentName parses the last element of a segment's name.
func parseSegmentName(s string) (off int64, sequence int, ok bool) {
	first, second, ok := strings.Cut(s, "-")
	if !ok {
		return 0, 0, false
	}
	off, err1 := strconv.ParseInt(first, 10, 64)
	sequence, err2 := strconv.Atoi(second)
	ok = err1 == nil && err2 == nil && off >= 0 && off <= maxSegmentOffset && sequence >= 0 && sequence <= maxSegmentSequence
	return off, sequence, ok
}

// In returns the interrupted uploads of files in a directory, as listing entries.
func (u *Uploads) In(ctx context.Context, dir api.Name) ([]vfs.Info, error) {
	if may, err := u.MayHave(ctx, dir); err != nil || !may {
		return nil, err
	}
	prefix := uploadsPrefix + dir.Prefix()
	page, err := u.lists.ListedUpTo(ctx, dir.SegmentsContainer(), prefix, maxPartials)
	if NoneToSee(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var bases []string
	for _, e := range page {
		base, upload, _ := strings.Cut(strings.TrimPrefix(e.Name, prefix), "/")
		if vfs.ValidName(base) && upload != "" && !strings.Contains(upload, "/") {
			bases = append(bases, base)
		}
	}
	bases = slices.Compact(bases) // Swift's listings are sorted
	infos := make([]vfs.Info, len(bases))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(partialsAtOnce)
	for i, base := range bases {
		g.Go(func() error {
			// An existing file of that name is already in the listing.
			n := dir.With(dir.Prefix() + base)
			if _, err := u.client.Head(gctx, n); api.StatusOf(err) != http.StatusNotFound {
				return err
			}
			p, err := u.Find(gctx, n)
			if p != nil {
				infos[i] = p.Info(base)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(infos, func(i vfs.Info) bool { return i.Name == "" }), nil
}

// Remove deletes an interrupted upload: first the marker, so that no client resumes an upload that
// is being deleted.
func (u *Uploads) Remove(ctx context.Context, n api.Name, p *CutOff) error {
	taken, err := u.TakeMarker(ctx, n, p.ID)
	if taken {
		u.large.deleteSegments(ctx, p.segments)
	}
	return err
}

// TakeMarker deletes the marker of an upload, and reports whether it existed. The caller that has
// deleted it decides what happens to the segments.
func (u *Uploads) TakeMarker(ctx context.Context, n api.Name, upload string) (bool, error) {
	marker, ok := MarkerName(n, upload)
	if !ok {
		return false, nil
	}
	return u.client.Take(ctx, marker)
}

// PutMarker creates the marker of an upload whose segments are at place.
func (u *Uploads) PutMarker(ctx context.Context, target api.Name, upload string, place api.Name, mtime string) error {
	marker, ok := MarkerName(target, upload)
	if !ok {
		return nil
	}
	var body api.Pieces
	if place != HiddenPlace(target, upload) {
		body = api.Pieces{[]byte(place.InAccount())}
	}
	if mtime != "" {
		body = append(body, []byte("\x00"+mtime))
	}
	req := api.Request{
		Method: http.MethodPut, Target: marker, Body: body.Reader(), Length: body.Len(),
		Header: map[string]string{"Content-Type": "application/octet-stream"},
	}
	_, err := u.client.Send(ctx, req)
	if api.StatusOf(err) == http.StatusNotFound {
		if err := u.containers.makeForSegments(ctx, target); err != nil {
			return err
		}
		_, err = u.client.Send(ctx, req)
	}
	if err != nil {
		return fmt.Errorf("marking the upload: %w", err)
	}
	if key, err := u.partialsKey(ctx, target); err == nil {
		u.Known.none.Forget(key)
	}
	return nil
}
