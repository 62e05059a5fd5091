package swift

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"filegate/core/cache"
	"filegate/core/vfs"
)

// SetAttrs implements [vfs.AttrFS]: what is to be kept of a file or a directory is kept as metadata of its object, which a directory
// that is only a prefix gets for it, or of its container. The rest is accepted and not kept.
func (f *FS) SetAttrs(ctx context.Context, p vfs.Path, attrs vfs.Attrs) error {
	n, err := f.locate(p)
	if err != nil {
		return err
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	o, ok := f.justWritten(n)
	var info vfs.Info
	if !ok {
		at := n
		if n, info, o, err = f.lookupThrough(ctx, n, p.Base()); err != nil {
			return f.setPartialAttrs(ctx, at, attrs, err)
		}
	}
	switch {
	case n.isContainer():
		return f.setContainerMeta(ctx, n, f.client.headerOf(attrs, true))
	case o.exists():
		return f.client.setMeta(ctx, n, o, f.client.headerOf(attrs, o.isDir()))
	case n.isObject() && info.IsDir():
		return f.setPrefixMeta(ctx, n, f.client.headerOf(attrs, true))
	}
	return nil
}

// setPrefixMeta gives a directory that is only a prefix an object with the metadata.
func (f *FS) setPrefixMeta(ctx context.Context, d name, more map[string]string) error {
	if len(more) == 0 || d.checkNew() != nil {
		return nil
	}
	err := f.markWith(ctx, d, more)
	if status(err) != http.StatusPreconditionFailed {
		return translate(err)
	}
	// Somebody else has given it one meanwhile, or a file has come to the name, beside it.
	o, err := f.client.head(ctx, d)
	if err != nil || !o.isDir() {
		return translate(err)
	}
	return f.client.setMeta(ctx, d, o, more)
}

// containerPrefix begins the headers of a container's metadata.
const containerPrefix = "X-Container-Meta-"

// setContainerMeta gives a container metadata, which is written as that of an object. Only the owner may do so; others set times
// after an upload, too, and nothing is wrong with their upload.
func (f *FS) setContainerMeta(ctx context.Context, n name, more map[string]string) error {
	if len(more) == 0 {
		return nil
	}
	header := map[string]string{}
	for key, v := range more {
		header[containerPrefix+strings.TrimPrefix(key, metaPrefix)] = v
	}
	_, err := f.client.send(ctx, request{method: http.MethodPost, target: n, header: header})
	if status(err) == http.StatusForbidden {
		return nil
	}
	f.forgetContainerAttrs(ctx, n)
	return translate(err)
}

// containerAttrs reads the attributes that a container was given; the time is that of its making where none was.
func (f *FS) containerAttrs(container http.Header) attrs {
	h := http.Header{}
	for _, key := range []string{metaMtime, metaMode, metaUID, metaGID} {
		if v := container.Get(containerPrefix + strings.TrimPrefix(key, metaPrefix)); v != "" {
			h.Set(key, v)
		}
	}
	a := attrs{ModTime: f.opened, modes: f.client.modesOf(h)}
	for _, v := range []string{h.Get(metaMtime), container.Get("X-Timestamp")} {
		if t, err := parseSeconds(v); err == nil {
			a.ModTime = t
			break
		}
	}
	return a
}

// containerAttrsLife is how long a listing of an account goes by the attributes of a container that were asked for.
const containerAttrsLife = 5 * time.Minute

func (f *FS) containerAttrsKey(ctx context.Context, container name) (cache.Key, error) {
	grant, err := f.client.grants.Current(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	account, err := accountURL(grant.Endpoint, container.account)
	return cache.NewKey("swift container attributes", account, container.container), err
}

// forgetContainerAttrs is for a container that was made, changed or removed.
func (f *FS) forgetContainerAttrs(ctx context.Context, container name) {
	if key, err := f.containerAttrsKey(ctx, container); err == nil {
		f.backend.local.Delete(context.WithoutCancel(ctx), key)
	}
}

// setPartialAttrs is SetAttrs of what is there only as an upload that was cut off; none is what Swift has said of it. The time stays with it until it is
// complete; nothing else does.
func (f *FS) setPartialAttrs(ctx context.Context, n name, attrs vfs.Attrs, none error) error {
	if !errors.Is(none, vfs.ErrNotExist) || errors.Is(none, errNoContainer) || dangles(none) || !n.isObject() {
		return none
	}
	cut, err := f.findPartial(ctx, n)
	switch {
	case err != nil:
		return translate(err)
	case cut == nil:
		return none
	case attrs.ModTime == nil:
		return nil
	}
	return translate(f.putMarkerOf(ctx, n, cut.upload, cut.place, formatSeconds(*attrs.ModTime)))
}

// setMeta gives an object metadata, and leaves the rest of what it has as it is.
func (c *client) setMeta(ctx context.Context, n name, o object, more map[string]string) error {
	if len(more) == 0 {
		return nil
	}
	header := o.kept()
	maps.Copy(header, more)
	_, err := c.send(ctx, request{method: http.MethodPost, target: n, header: header})
	return translate(err)
}
