package object

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// parts records the segments that one upload or one copy creates: their names, and which of them
// may be stored.
type parts struct {
	large  *Large
	target api.Name // the file
	place  api.Name // prefix of the segments' names

	mu       sync.Mutex
	sequence int        // number of segments that have a name
	made     []*Segment // all segments that may be stored
}

// count returns the number of segments that have a name.
func (p *parts) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sequence
}

// next returns a new name for a segment whose content belongs at off.
func (p *parts) next(off int64) api.Name {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sequence++
	return segmentName(p.place, off, p.sequence-1)
}

// add records a segment that may be stored from now on.
func (p *parts) add(s *Segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made = append(p.made, s)
}

// all returns the segments that may be stored.
func (p *parts) all() []*Segment {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.made)
}

// names returns the names of the segments that may be stored.
func (p *parts) names() []api.Name {
	var names []api.Name
	for _, seg := range p.all() {
		names = append(names, seg.name)
	}
	return names
}

// own reports whether a segment belongs to these parts.
func (p *parts) own(seg api.Name) bool {
	return seg.Top() == p.place.Top() && strings.HasPrefix(seg.Object, p.place.Object)
}

// copyAll copies all segments of a layout, each once, and returns the copies by the names of the
// originals.
func (p *parts) copyAll(ctx context.Context, old Layout) (map[api.Name]*Segment, error) {
	copied := map[api.Name]*Segment{}
	// An error does not cancel the other copies: Swift may store the result of a cancelled copy
	// after it has been deleted.
	var g errgroup.Group
	g.SetLimit(copiesAtOnce)
	for _, e := range old {
		if copied[e.seg.name] != nil {
			continue
		}
		to := &Segment{}
		copied[e.seg.name] = to
		g.Go(func() error {
			seg, err := p.copy(ctx, e.seg, e.Off, false)
			if err == nil {
				*to = *seg
			}
			return err
		})
	}
	return copied, g.Wait()
}

// copy copies an object that holds a part of a file to a segment, inside of Swift. If it is a large
// object, the ETag of the copy differs, because the copy is a plain object.
func (p *parts) copy(ctx context.Context, from *Segment, off int64, isLarge bool) (*Segment, error) {
	copied := &Segment{name: p.next(off), size: from.size}
	p.add(copied)
	client := p.large.client
	header := client.Destination(copied.name)
	header["X-Fresh-Metadata"] = "true"
	req := api.Request{Method: api.MethodCopy, Target: from.name, Header: header}
	resp, err := client.SendMatching(ctx, req, from.etag)
	if api.StatusOf(err) == http.StatusNotFound && copied.name.Top() == p.target.SegmentsContainer() {
		if err := p.large.containers.makeForSegments(ctx, p.target); err != nil {
			return nil, err
		}
		resp, err = client.SendMatching(ctx, req, from.etag)
	}
	if err != nil {
		return nil, fmt.Errorf("copying the old content: %w", err)
	}
	copied.etag = strings.Trim(resp.Header.Get("Etag"), `"`)
	if !isLarge && copied.etag != from.etag {
		return nil, vfs.ErrChanged
	}
	return copied, nil
}

// putZeros stores the segment of zeros for the holes of a file of fileSize bytes.
func (p *parts) putZeros(ctx context.Context, fileSize, size int64) (*Segment, error) {
	var data api.Pieces
	for range size / buffers.BlockSize {
		data = append(data, zeros)
	}
	seg := &Segment{name: p.next(fileSize), size: data.Len(), etag: data.MD5()}
	p.add(seg)
	return seg, p.large.PutSegment(ctx, p.target, seg, data, false)
}

// nest puts nested manifests if there are more entries than one manifest may have, and returns the
// entries of the top manifest. The error is not translated.
func (p *parts) nest(ctx context.Context, entries []ManifestEntry, most int) ([]ManifestEntry, error) {
	for level := 0; len(entries) > most; level++ {
		if level == maxNesting {
			return nil, vfs.Errorf(vfs.ErrTooLarge, "the file has more parts than the storage's manifests can name")
		}
		var up []ManifestEntry
		for i := 0; i < len(entries); i += most {
			part := entries[i:min(i+most, len(entries))]
			n := p.next(int64(i))
			n.Object += fmt.Sprintf("-manifest%d", level)
			resp, err := p.large.PutManifest(ctx, n, part, map[string]string{"Content-Type": "application/octet-stream"})
			if err != nil {
				return nil, err
			}
			var size int64
			for _, e := range part {
				size += e.length()
			}
			p.add(&Segment{name: n, size: size})
			up = append(up, ManifestEntry{Path: n.InAccount(), Etag: strings.Trim(resp.Header.Get("Etag"), `"`), Size: size})
		}
		entries = up
	}
	return entries, nil
}
