package object

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// ManifestEntry is a segment in the manifest of a static large object, as it is sent to Swift.
type ManifestEntry struct {
	Path  string `json:"path"`
	Etag  string `json:"etag,omitempty"`
	Size  int64  `json:"size_bytes"` // of the whole segment
	Range string `json:"range,omitempty"`
}

// returnedEntry is a segment in a manifest that a store returns.
type returnedEntry struct {
	Name  string `json:"name"`
	Hash  string `json:"hash"`
	Bytes int64  `json:"bytes"` // of the whole segment
	Range string `json:"range"`
	// SubSLO is set if the segment is itself a static large object.
	SubSLO bool   `json:"sub_slo"`
	Data   string `json:"data"` // content in the manifest itself; then all other fields are empty

	// RadosGW, if it returns manifests, names the fields as they were sent.
	Path string `json:"path"`
	Etag string `json:"etag"`
	Size int64  `json:"size_bytes"`
}

// maxNesting is the depth of nested manifests that Swift follows.
const maxNesting = 10

// segment returns the name of the entry's segment, in the account of the manifest.
func (m returnedEntry) segment(account string) (api.Name, bool) {
	container, obj, _ := strings.Cut(strings.TrimPrefix(m.Name, "/"), "/")
	return api.Name{Account: account, Container: container, Object: obj}, container != "" && obj != "" && m.Data == ""
}

// sloEntryOf returns the manifest entry of an extent.
func sloEntryOf(e Extent) ManifestEntry {
	entry := ManifestEntry{Path: e.seg.name.InAccount(), Etag: e.seg.etag, Size: e.seg.size}
	if !e.whole() {
		entry.Range = fmt.Sprintf("%d-%d", e.segOff, e.segOff+e.Len()-1)
	}
	return entry
}

// extentOf returns the extent of a manifest entry in the account. It begins at off in the file.
func (m returnedEntry) extentOf(account string, off int64) (Extent, error) {
	n, ok := m.segment(account)
	if !ok || m.Bytes < 0 || m.Bytes > math.MaxInt64-off {
		return Extent{}, fmt.Errorf("manifest names %q as a segment", m.Name)
	}
	seg := &Segment{name: n, size: m.Bytes, etag: m.Hash}
	first, last := int64(0), m.Bytes-1
	if m.Range != "" {
		lo, hi, ok := strings.Cut(m.Range, "-")
		var err1, err2 error
		first, err1 = strconv.ParseInt(lo, 10, 64)
		last, err2 = strconv.ParseInt(hi, 10, 64)
		if !ok || err1 != nil || err2 != nil || first < 0 || last < first || last >= m.Bytes {
			return Extent{}, fmt.Errorf("manifest has the range %q of %d bytes", m.Range, m.Bytes)
		}
	}
	return Extent{Span: spans.Span{Off: off, End: off + last - first + 1}, seg: seg, segOff: first}, nil
}

// maxManifestAnswer is the largest manifest that is read from Swift, in bytes. A manifest from
// Swift is longer than one that is sent.
const maxManifestAnswer = 64 * mib

// manifest returns the segments of a static large object. In a store that does not return
// manifests, it looks for the segments. The error is not translated.
func (lo *Large) manifest(ctx context.Context, n api.Name) ([]returnedEntry, error) {
	body, _, err := lo.client.Fetch(ctx, api.Request{
		Method: http.MethodGet, Target: n, Query: url.Values{"multipart-manifest": {"get"}},
	}, maxManifestAnswer)
	switch {
	case err != nil:
		return nil, err
	case len(body) == 0:
		return lo.findSegments(ctx, n)
	}
	return parseManifest(body)
}

func parseManifest(body []byte) ([]returnedEntry, error) {
	var entries []returnedEntry
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	for i := range entries {
		e := &entries[i]
		e.Name, e.Hash, e.Bytes = cmp.Or(e.Name, e.Path), cmp.Or(e.Hash, e.Etag), cmp.Or(e.Bytes, e.Size)
	}
	return entries, nil
}

// length returns the number of bytes of the file in the entry.
func (e ManifestEntry) length() int64 {
	var first, last int64
	if n, _ := fmt.Sscanf(e.Range, "%d-%d", &first, &last); n == 2 {
		return last - first + 1
	}
	return e.Size
}

// PutManifest puts one manifest. It sends the expected ETag, or compares the ETag in the answer if
// the store does not accept one: a store without static large objects would store the manifest as
// the content of the file.
func (lo *Large) PutManifest(ctx context.Context, n api.Name, entries []ManifestEntry, header map[string]string) (*api.Response, error) {
	body, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	l, err := lo.client.Limits(ctx)
	if err != nil {
		return nil, err
	}
	header = maps.Clone(header)
	etag := sloETag(entries)
	if l.SLOETag {
		header["Etag"] = etag
	}
	query := url.Values{"multipart-manifest": {"put"}}
	if l.Heartbeat && len(entries) >= heartbeatFrom {
		query.Set("heartbeat", "on")
		header["Accept"] = "application/json"
	}
	req := api.Request{
		Method: http.MethodPut, Target: n, Query: query, Body: api.Pieces{body}.Reader(), Length: int64(len(body)), Header: header,
		Silence: time.Duration(len(entries)) * checkTime,
	}
	var made *api.Response
	_, err = lo.client.Retry(ctx, req, func(resp *api.Response) error {
		made = resp
		return afterHeartbeat(req, resp)
	})
	if err == nil && !l.SLOETag && strings.Trim(made.Header.Get("Etag"), `"`) != etag {
		err = fmt.Errorf("PUT %q: the manifest was stored as something else, with the ETag %s", n.String(), made.Header.Get("Etag"))
	}
	return made, err
}

const (
	// heartbeatFrom is the number of segments in a manifest from which Swift is asked to send
	// heartbeats while it checks them.
	heartbeatFrom = 100
	// checkTime is how long a store without heartbeats may take to check one segment.
	checkTime = 200 * time.Millisecond
	// maxHeartbeats is the largest answer with heartbeats, in bytes.
	maxHeartbeats = mib
)

// afterHeartbeat waits for the result of the PUT of a manifest. With heartbeats, the result is in
// the body, because Swift has sent status 202 before it knew the result.
func afterHeartbeat(req api.Request, resp *api.Response) error {
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxHeartbeats))
	if err != nil || resp.Status != http.StatusAccepted || !req.Query.Has("heartbeat") {
		return err
	}
	var told struct {
		Status   string     `json:"Response Status"`
		Body     string     `json:"Response Body"`
		ETag     string     `json:"Etag"`
		Modified string     `json:"Last Modified"`
		Errors   [][]string `json:"Errors"`
	}
	if err := json.Unmarshal(text, &told); err != nil {
		return fmt.Errorf("%s %q: answer behind the heartbeats: %w", req.Method, req.Target.String(), err)
	}
	code := api.ParseStatus(told.Status)
	if code/100 != 2 {
		words := told.Body
		if len(told.Errors) > 0 {
			words = fmt.Sprintf("%d segments, first %q", len(told.Errors), told.Errors[0])
		}
		return &api.StatusError{Method: req.Method, Target: req.Target, Status: code, TransID: resp.TransID(), Text: api.ShortText(words)}
	}
	if code == http.StatusAccepted {
		return api.Overtaken(req, resp.Header)
	}
	resp.Status = code
	resp.Header.Set("Etag", told.ETag)
	resp.Header.Set("Last-Modified", told.Modified)
	return nil
}

// beginWith makes the stored object the initial content.
func (w *Writer) beginWith(ctx context.Context, old api.Object) error {
	w.size = old.Size
	if old.Size == 0 {
		return nil
	}
	w.chain.broken = true
	var l Layout
	var err error
	switch {
	case old.SLO:
		l, err = w.shared.large.LayoutOf(ctx, w.pub.target, old.Size, maxNesting)
	case old.DLO != "":
		l, err = w.shared.large.layoutOfDLO(ctx, w.pub.target, old)
		// Segments that are visible to users under their own names do not belong to this file.
		if slices.ContainsFunc(l, func(e Extent) bool { return !isHiddenSegment(w.pub.target, e.seg.name) }) {
			l = nil
		}
	}
	opaque := old.IsLarge() && !w.pub.limits.CopyContent
	switch {
	case opaque && errors.Is(err, ErrNoManifest):
	case err != nil:
		return api.Translate(err)
	case l != nil:
		w.layout = l
		return nil
	}
	w.layout = Layout{{Span: spans.Span{Off: 0, End: old.Size}, seg: &Segment{name: w.pub.target, size: old.Size, etag: old.ETag, opaque: opaque}}}
	return nil
}

// LayoutOf returns the layout of a static large object, following nested manifests to a depth. It
// returns nil if the depth is exceeded, or if a manifest contains data itself.
func (lo *Large) LayoutOf(ctx context.Context, n api.Name, size int64, depth int) (Layout, error) {
	entries, err := lo.manifest(ctx, n)
	if err != nil {
		return nil, err
	}
	var l Layout
	var off int64
	same := map[api.Name]*Segment{} // a segment that is used many times, as for holes, takes memory once
	nested := map[api.Name]Layout{}
	for _, m := range entries {
		if len(l) > maxPieces {
			return nil, vfs.Errorf(vfs.ErrTooLarge, "the file consists of more than %d parts, too many for a change", maxPieces)
		}
		if m.Data != "" {
			return nil, nil
		}
		e, err := m.extentOf(n.Account, off)
		if err != nil {
			return nil, err
		}
		if s := same[e.seg.name]; s != nil && s.size == e.seg.size && s.etag == e.seg.etag {
			e.seg = s
		}
		same[e.seg.name] = e.seg
		switch {
		case e.Len() == 0: // the last segment may be empty
		case !m.SubSLO:
			l = append(l, e)
		case depth == 0:
			return nil, nil
		default:
			inner, known := nested[e.seg.name]
			if !known {
				if inner, err = lo.LayoutOf(ctx, e.seg.name, m.Bytes, depth-1); err != nil || inner == nil {
					return nil, err
				}
				nested[e.seg.name] = inner
			}
			l = append(l, inner.shifted(e)...)
		}
		off = e.End
	}
	if off != size {
		return nil, vfs.Errorf(vfs.ErrCorrupt, "the file's manifest names %d bytes, and the file has %d", off, size)
	}
	return l, nil
}
