package object

import (
	"context"
	"net/http"
	"strconv"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// The quota of a container limits its files, but the bytes of large files are in the container for
// segments, which Swift does not count. So this package adds the two, both for the space that
// clients see and before it publishes a large file.

// SpaceFor implements StatSpace for a name. A login that may write to a container may be allowed to
// read only the container or only the account. One of them is enough.
func (c *Containers) SpaceFor(ctx context.Context, n api.Name) (vfs.Space, error) {
	space, refused := c.spaceOf(ctx, api.Name{Account: n.Account}, "X-Account-Bytes-Used", "X-Account-Meta-Quota-Bytes")
	if refused != nil && api.StatusOf(refused) != http.StatusForbidden {
		return vfs.Space{}, api.Translate(refused)
	}
	if n.IsAccount() {
		return space, nil
	}
	inner, err := c.containerSpace(ctx, n)
	if err != nil && (refused != nil || api.StatusOf(err) != http.StatusForbidden) {
		return vfs.Space{}, api.Translate(err)
	}
	if inner.Total >= 0 && (space.Total < 0 || inner.Free < space.Free) {
		return inner, nil
	}
	return space, nil
}

// noSpace is a space with unknown values.
var noSpace = vfs.Space{Total: -1, Used: -1, Free: -1}

// spaceOf returns the space of the account or container n, from its headers. The error is not
// translated.
func (c *Containers) spaceOf(ctx context.Context, n api.Name, used, quota string) (vfs.Space, error) {
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n})
	if err != nil {
		return noSpace, err
	}
	s := noSpace
	if u, err := strconv.ParseInt(resp.Header.Get(used), 10, 64); err == nil {
		s.Used = u
	}
	if q, err := strconv.ParseInt(resp.Header.Get(quota), 10, 64); err == nil && q >= 0 && s.Used >= 0 {
		s.Total, s.Free = q, max(q-s.Used, 0)
	}
	return s, nil
}

// quotaHeader is the header of a container's quota. It is visible to all users who may read the
// container.
const quotaHeader = "X-Container-Meta-Quota-Bytes"

// containerSpace returns the space of n's container. If it has a quota, the segments of its files
// count. The error is not translated.
func (c *Containers) containerSpace(ctx context.Context, n api.Name) (vfs.Space, error) {
	s, err := c.spaceOf(ctx, n.Top(), "X-Container-Bytes-Used", quotaHeader)
	if err != nil || s.Total < 0 {
		return s, err
	}
	segments, err := c.spaceOf(ctx, n.SegmentsContainer(), "X-Container-Bytes-Used", "")
	switch {
	case api.StatusOf(err) == http.StatusNotFound, api.StatusOf(err) == http.StatusForbidden:
		return s, nil
	case err != nil:
		return noSpace, err
	}
	s.Used += max(segments.Used, 0)
	s.Free = max(s.Total-s.Used, 0)
	return s, nil
}

// CheckRoom refuses an upload of known size, or a copy, that exceeds the quota, before its first
// byte. more is the number of additional bytes.
func (c *Containers) CheckRoom(ctx context.Context, n api.Name, more int64) error {
	if more <= c.writing.SegmentSize {
		return nil // Swift answers the only PUT as early
	}
	space, err := c.SpaceFor(ctx, n)
	if err == nil && space.Free >= 0 && space.Free < more {
		return noRoom(more, space.Free)
	}
	return nil
}

// CheckRoomIn is CheckRoom for the quota of the container only, for content that is already in the
// account.
func (c *Containers) CheckRoomIn(ctx context.Context, n api.Name, more int64) error {
	space, err := c.containerSpace(ctx, n)
	if err == nil && space.Free >= 0 && space.Free < more {
		return noRoom(more, space.Free)
	}
	return nil
}

func noRoom(more, free int64) error {
	return vfs.Errorf(vfs.ErrQuota, "there are %d bytes to store, and the quota leaves %d", more, free)
}
