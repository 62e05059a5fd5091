package swift

import (
	"context"
	"maps"
	"net/http"
	"strconv"

	"filegate/core/vfs"
)

// SetAttrs implements [vfs.AttrFS]: what is to be kept of a file, or of a directory that has an object, is kept as metadata. The rest is accepted and not
// kept, and so is all of what has no object to keep it.
func (f *FS) SetAttrs(ctx context.Context, p vfs.Path, attrs vfs.Attrs) error {
	n, err := f.locate(p)
	if err != nil {
		return err
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	o, ok := f.justWritten(n)
	if !ok {
		if n, _, o, err = f.lookupThrough(ctx, n, p.Base()); err != nil {
			return err
		}
	}
	if o.header == nil {
		return nil
	}
	return f.setMeta(ctx, n, o, f.headerOf(attrs, o.isDir()))
}

// setMeta gives an object metadata, and leaves the rest of what it has as it is.
func (f *FS) setMeta(ctx context.Context, n name, o object, more map[string]string) error {
	if len(more) == 0 {
		return nil
	}
	header := o.kept()
	maps.Copy(header, more)
	_, err := f.client.send(ctx, request{method: http.MethodPost, target: n, header: header})
	return translate(err)
}

// StatSpace implements [vfs.SpaceFS]: the quota of the account, and of the container where that leaves less.
func (f *FS) StatSpace(ctx context.Context, p vfs.Path) (vfs.Space, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Space{}, err
	}
	return f.spaceFor(ctx, n)
}

// spaceFor is StatSpace of a name. Who may write to a container need not be allowed to look at it, or at the
// account: it is enough that one of them tells.
func (f *FS) spaceFor(ctx context.Context, n name) (vfs.Space, error) {
	space, refused := f.space(ctx, name{account: n.account}, "X-Account-Bytes-Used", "X-Account-Meta-Quota-Bytes")
	if refused != nil && status(refused) != http.StatusForbidden {
		return vfs.Space{}, translate(refused)
	}
	if n.isAccount() {
		return space, nil
	}
	inner, err := f.space(ctx, n.top(), "X-Container-Bytes-Used", "X-Container-Meta-Quota-Bytes")
	if err != nil && (refused != nil || status(err) != http.StatusForbidden) {
		return vfs.Space{}, translate(err)
	}
	if inner.Total >= 0 && (space.Total < 0 || inner.Free < space.Free) {
		return inner, nil
	}
	return space, nil
}

func (f *FS) space(ctx context.Context, n name, used, quota string) (vfs.Space, error) {
	unknown := vfs.Space{Total: -1, Used: -1, Free: -1}
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n})
	if err != nil {
		return unknown, err
	}
	s := unknown
	if u, err := strconv.ParseInt(resp.header.Get(used), 10, 64); err == nil {
		s.Used = u
	}
	if q, err := strconv.ParseInt(resp.header.Get(quota), 10, 64); err == nil && q >= 0 && s.Used >= 0 {
		s.Total, s.Free = q, max(q-s.Used, 0)
	}
	return s, nil
}
