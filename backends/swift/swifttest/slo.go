package swifttest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// segment is a segment in the stored manifest of a static large object.
type segment struct {
	Name         string `json:"name"` // "/container/object"
	Bytes        int64  `json:"bytes"`
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
	Range        string `json:"range,omitempty"` // first-last, both inclusive
	SubSLO       bool   `json:"sub_slo,omitempty"`
}

// part returns the part of the segment that belongs to the large object.
func (g segment) part() span {
	if first, last, ok := strings.Cut(g.Range, "-"); ok {
		a, errA := strconv.ParseInt(first, 10, 64)
		b, errB := strconv.ParseInt(last, 10, 64)
		if errA == nil && errB == nil {
			return span{a, b - a + 1}
		}
	}
	return span{0, g.Bytes}
}

// place returns the container and the name of a path in a manifest.
func place(path string) (containerName, name string) {
	containerName, name, _ = strings.Cut(strings.TrimLeft(path, "/"), "/")
	return containerName, name
}

// sloETag returns the ETag of the large object with these segments, without quotes.
func sloETag(segments []segment) string {
	sum := md5.New()
	for _, g := range segments {
		_, _ = io.WriteString(sum, g.Hash) // a hash never fails
		if g.Range != "" {
			_, _ = io.WriteString(sum, ":"+g.Range+";")
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// maxDepth is the maximum depth of nested manifests.
const maxDepth = 10

// errSegment means that the content of a large object is incomplete, because a segment differs from
// the manifest.
var errSegment = errors.New("a segment is missing or has changed")

// segmented is the content of a static large object.
type segmented struct {
	server   *Server
	who      visitor
	segments []segment
	depth    int
}

// viewOfSLO turns the view of a manifest into the view of the large object.
func (s *Server) viewOfSLO(who visitor, v *view, depth int) (*view, error) {
	defer v.content.close()
	if depth >= maxDepth {
		return nil, errSegment
	}
	segments, err := readManifest(v)
	if err != nil {
		return nil, err
	}
	v.header["X-Manifest-Etag"] = v.object.ETag
	v.etag, v.size = strconv.Quote(v.object.SLO.ETag), v.object.SLO.Size
	v.content = segmented{server: s, who: who, segments: segments, depth: depth}
	return v, nil
}

func readManifest(v *view) ([]segment, error) {
	var raw strings.Builder
	if err := v.content.copy(&raw, span{0, v.size}); err != nil {
		return nil, err
	}
	var segments []segment
	if err := json.Unmarshal([]byte(raw.String()), &segments); err != nil {
		return nil, fmt.Errorf("manifest of %s: %w", v.object.Name, err)
	}
	return segments, nil
}

// open returns the view of a segment, if it still matches the manifest.
func (c segmented) open(g segment) (*view, error) {
	containerName, name := place(g.Name)
	v, err := c.server.viewOf(c.who, containerName, name, false, c.depth+1)
	if err != nil {
		return nil, errSegment
	}
	if v.object.SLO != nil != g.SubSLO || (!g.SubSLO && (unquote(v.etag) != g.Hash || v.size != g.Bytes)) {
		v.content.close()
		return nil, errSegment
	}
	return v, nil
}

// walk calls do for the parts of the segments in a span, in order, until do returns false for more.
func (c segmented) walk(sp span, do func(v *view, part span) (more bool, err error)) error {
	for _, g := range c.segments {
		part := g.part()
		if sp.first >= part.n {
			sp.first -= part.n
			continue
		}
		if sp.n == 0 {
			return nil
		}
		here := span{part.first + sp.first, min(sp.n, part.n-sp.first)}
		v, err := c.open(g)
		if err != nil {
			return err
		}
		more, err := do(v, here)
		v.content.close()
		if err != nil || !more {
			return err
		}
		sp = span{0, sp.n - here.n}
	}
	if sp.n > 0 {
		return errSegment
	}
	return nil
}

func (c segmented) check(sp span) error {
	return c.walk(sp, func(v *view, part span) (bool, error) { return false, v.content.check(part) })
}

func (c segmented) copy(w io.Writer, sp span) error {
	return c.walk(sp, func(v *view, part span) (bool, error) { return true, v.content.copy(w, part) })
}

func (c segmented) close() {}

// manifestView turns the view of a stored manifest into a view of the manifest in JSON: as stored
// or, with raw, in the form for another PUT.
func manifestView(v *view, raw bool) (*view, error) {
	if !raw {
		v.kind = "application/json; charset=utf-8"
		return v, nil
	}
	defer v.content.close()
	segments, err := readManifest(v)
	if err != nil {
		return nil, err
	}
	puts := make([]manifestEntry, len(segments))
	for i, g := range segments {
		puts[i] = manifestEntry{Path: g.Name, ETag: &g.Hash, Size: json.Number(strconv.FormatInt(g.Bytes, 10)), Range: g.Range}
	}
	text, err := json.Marshal(puts)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(text)
	v.etag, v.size, v.content = hex.EncodeToString(sum[:]), int64(len(text)), stored{memBody{bytes.NewReader(text)}}
	return v, nil
}

// deleteSLO deletes a large object with its segments and their segments, and answers like a bulk
// delete.
func (s *Server) deleteSLO(w http.ResponseWriter, r *request) error {
	var result bulkResult
	type item struct{ containerName, name string }
	queue := []item{{r.container, r.object}}
	var manifests []item
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		v, err := s.viewOf(r.visitor(), at.containerName, at.name, true, 0)
		if err != nil {
			result.add(at.containerName+"/"+at.name, err)
			continue
		}
		if v.object.SLO == nil {
			v.content.close()
			result.fail("/"+at.containerName+"/"+at.name, "Not an SLO manifest")
			continue
		}
		segments, err := readManifest(v)
		v.content.close()
		if err != nil {
			return err
		}
		for _, g := range segments {
			containerName, name := place(g.Name)
			if g.SubSLO {
				queue = append(queue, item{containerName, name})
				continue
			}
			result.add(g.Name, s.removeObject(r.account, containerName, name))
		}
		manifests = append(manifests, at)
	}
	for _, at := range manifests {
		result.add("/"+at.containerName+"/"+at.name, s.removeObject(r.account, at.containerName, at.name))
	}
	return result.write(w, r)
}

// sloSize returns the total size of the segments.
func sloSize(segments []segment) int64 {
	var n int64
	for _, g := range segments {
		n += g.part().n
	}
	return n
}
