package fsck

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
)

// sizedPrefix matches the prefixes of swiftclient and rclone, which contain the size of the file.
var sizedPrefix = regexp.MustCompile(`/\d{6,}(?:\.\d+)?/(\d+)(?:/\d+/)?$`)

// dynamic reads the segments of a dynamic large object, notes them, and reports what is wrong with
// them.
func (s *search) dynamic(ctx context.Context, n api.Name, o api.Object, report bool) error {
	container, prefix := o.DLOPrefix(n)
	parts := newPartsOf(prefix)
	err := s.Lists.EachListed(ctx, container, prefix, func(e listing.Entry) error {
		s.use(container.With(e.Name))
		parts.add(container.With(e.Name), e)
		return nil
	})
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		s.countUncertain()
		parts.wrong.add("the container %s of its segments is missing", container.Container)
	case err != nil:
		return s.cannotRead(ctx, n, err)
	}
	if !report {
		return nil
	}
	if api.IsSegments(container.Container) { // others are looked up under their own names
		if err := s.lookUp(ctx, container, prefix, parts); err != nil {
			return s.cannotRead(ctx, n, err)
		}
	}
	parts.judge()
	if parts.wrong.all > 0 && s.old(o.Modified) && (parts.count == 0 || s.old(parts.newest)) && s.stays(ctx, n, o) {
		if err := s.broken(n, "dynamic", &parts.wrong); err != nil {
			return err
		}
	}
	if err := s.legacy(n, o, container, parts); err != nil {
		return err
	}
	if !s.opts.ToStatic {
		return nil
	}
	return s.toStatic(ctx, n, o, container, parts)
}

// stays reports whether an object is still the one that was read.
func (s *search) stays(ctx context.Context, n api.Name, o api.Object) bool {
	now, err := s.manifestItself(ctx, n)
	return err == nil && now.DLO == o.DLO && now.Modified.Equal(o.Modified)
}

// lookUp finds segments that are listed and gone.
func (s *search) lookUp(ctx context.Context, container api.Name, prefix string, parts *partsOf) error {
	if parts.count == 0 {
		return nil
	}
	failed, err := s.each(ctx, container, prefix, func(ctx context.Context, e listing.Entry) error {
		_, err := s.Client.Head(ctx, container.With(e.Name))
		if api.StatusOf(err) == http.StatusNotFound {
			parts.wrong.add("the segment %s is missing", key(container.With(e.Name)))
			return nil
		}
		return err
	})
	return errors.Join(failed, err)
}

// partsOf is what the listing of the segments of a dynamic large object shows. They are added in
// order.
type partsOf struct {
	prefix string
	legacy bool // the layout of sftp-cloudfs
	count  int
	bytes  int64
	newest time.Time
	known  bool // all names are those of segments that users do not see
	empty  bool // a segment has no bytes

	strangers []string // objects with the prefix that are no segments
	strange   int

	first, last int64     // sizes of the first and the previous segment
	lastAt      time.Time // time of the previous one
	end         time.Time // time of the first segment that is shorter than the first one
	stale       []string  // older segments after it

	wrong wrong
}

func newPartsOf(prefix string) *partsOf {
	return &partsOf{prefix: prefix, known: true, legacy: strings.HasSuffix(strings.TrimSuffix(prefix, "/"), object.PartSuffix)}
}

// legacyNumber matches what follows the prefix in the names of sftp-cloudfs.
var legacyNumber = regexp.MustCompile(`^/?(\d{6})$`)

func (p *partsOf) add(n api.Name, e listing.Entry) {
	rest := strings.TrimPrefix(e.Name, p.prefix)
	number := legacyNumber.FindStringSubmatch(rest)
	if p.legacy && (number == nil || strings.HasPrefix(rest, "/") == strings.HasSuffix(p.prefix, "/")) || !object.IsDLOSegment(p.prefix, e.Name) {
		p.strange++
		if len(p.strangers) < maxNamed {
			p.strangers = append(p.strangers, e.Name)
		}
		return
	}
	if p.legacy {
		if i, _ := strconv.Atoi(number[1]); i != p.count+p.wrong.all {
			p.wrong.add("the part before %s is missing", key(n))
		}
	}
	_, segment, own := object.CutOwnSegment(e.Name)
	if off, _, _ := strings.Cut(segment, "-"); own {
		if at, err := strconv.ParseInt(off, 10, 64); err == nil && at != p.bytes {
			p.wrong.add("the segments before %s have %d bytes, and should have %d", key(n), p.bytes, at)
		}
	}
	top, _, _ := strings.Cut(e.Name, "/")
	if _, ok := groupOf(n); !ok && !object.IsSegmentPlace(top) {
		p.known = false
	}
	at := e.Time(time.Time{})
	if p.count > 0 && p.last < p.first && p.end.IsZero() {
		p.end = p.lastAt
	}
	if !p.end.IsZero() && at.Before(p.end) && len(p.stale) < maxNamed {
		p.stale = append(p.stale, e.Name)
	}
	if p.count == 0 {
		p.first = e.Bytes
	}
	p.last, p.lastAt = e.Bytes, at
	if at.After(p.newest) {
		p.newest = at
	}
	p.count++
	p.bytes += e.Bytes
	p.empty = p.empty || e.Bytes == 0
}

// judge finds what is missing as a whole.
func (p *partsOf) judge() {
	if p.count == 0 && p.wrong.all == 0 {
		p.wrong.add("it has no segments: no object has the prefix %q", p.prefix)
	}
	if m := sizedPrefix.FindStringSubmatch(p.prefix); m != nil && p.count > 0 {
		if want, err := strconv.ParseInt(m[1], 10, 64); err == nil && want != p.bytes {
			p.wrong.add("its segments have %d bytes, and the file had %d", p.bytes, want)
		}
	}
}
