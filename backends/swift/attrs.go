package swift

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// SetAttrs implements [vfs.AttrFS]. Attributes that are kept are stored as metadata of the object,
// or of the container. A directory that is only a prefix gets an object for this. Other attributes
// are accepted and discarded.
func (f *FS) SetAttrs(ctx context.Context, p vfs.Path, attrs vfs.Attrs) error {
	n, err := f.locate(p)
	if err != nil {
		return err
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	o, ok := f.guess.justWritten(n)
	var info vfs.Info
	if !ok {
		at := n
		if n, info, o, err = f.lookupThrough(ctx, n, p.Base()); err != nil {
			return f.setPartialAttrs(ctx, at, attrs, err)
		}
	}
	switch {
	case n.IsContainer():
		return f.setContainerMeta(ctx, n, f.client.AttrsHeader(attrs, true))
	case o.Exists():
		return f.client.SetMeta(ctx, n, o, f.client.AttrsHeader(attrs, o.IsDir()))
	case n.IsObject() && info.IsDir():
		return f.setPrefixMeta(ctx, n, f.client.AttrsHeader(attrs, true))
	}
	return nil
}

// setPrefixMeta creates an object with the metadata for a directory that is only a prefix.
func (f *FS) setPrefixMeta(ctx context.Context, d api.Name, more map[string]string) error {
	if len(more) == 0 || d.CheckNew() != nil {
		return nil
	}
	err := f.markWith(ctx, d, more)
	if api.StatusOf(err) != http.StatusPreconditionFailed {
		return api.Translate(err)
	}
	// Another client has created the object meanwhile, or a file of the same name, beside the
	// directory.
	o, err := f.client.Head(ctx, d)
	if err != nil || !o.IsDir() {
		return api.Translate(err)
	}
	return f.client.SetMeta(ctx, d, o, more)
}

// containerPrefix is the prefix of the headers of a container's metadata.
const containerPrefix = "X-Container-Meta-"

// setContainerMeta sets metadata of a container; more has it as metadata of an object. Only the
// owner of a container may set it. Other users' clients set times after an upload too, so for them
// it does nothing and returns no error.
func (f *FS) setContainerMeta(ctx context.Context, n api.Name, more map[string]string) error {
	if len(more) == 0 {
		return nil
	}
	header := map[string]string{}
	for key, v := range more {
		header[containerPrefix+strings.TrimPrefix(key, api.MetaPrefix)] = v
	}
	_, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n, Header: header})
	if api.StatusOf(err) == http.StatusForbidden {
		return nil
	}
	f.forgetContainerAttrs(ctx, n)
	return api.Translate(err)
}

// containerAttrs returns the attributes in the metadata of a container. If no time was set, the
// time is that of the container's creation.
func (f *FS) containerAttrs(container http.Header) attrs {
	h := http.Header{}
	for _, key := range []string{api.MetaMtime, api.MetaMode, api.MetaUID, api.MetaGID} {
		if v := container.Get(containerPrefix + strings.TrimPrefix(key, api.MetaPrefix)); v != "" {
			h.Set(key, v)
		}
	}
	a := attrs{ModTime: f.opened, Modes: f.client.ModesOf(h)}
	for _, v := range []string{h.Get(api.MetaMtime), container.Get("X-Timestamp")} {
		if t, err := api.ParseSeconds(v); err == nil {
			a.ModTime = t
			break
		}
	}
	return a
}

// containerAttrsLife is how long listings of an account use the cached attributes of a container.
const containerAttrsLife = 5 * time.Minute

func (f *FS) containerAttrsKey(ctx context.Context, container api.Name) (cache.Key, error) {
	account, err := f.accountURL(ctx, container)
	return cache.NewKey("swift container attributes", account, container.Container), err
}

// forgetContainerAttrs removes the attributes of a container that was created, changed or removed
// from the cache.
func (f *FS) forgetContainerAttrs(ctx context.Context, container api.Name) {
	if key, err := f.containerAttrsKey(ctx, container); err == nil {
		f.backend.local.Delete(context.WithoutCancel(ctx), key)
	}
}

// setPartialAttrs is SetAttrs for an interrupted upload with no file at its name. none is the error
// of the lookup of that name. The time is stored with the upload until the upload is complete;
// other attributes are discarded.
func (f *FS) setPartialAttrs(ctx context.Context, n api.Name, attrs vfs.Attrs, none error) error {
	if !errors.Is(none, vfs.ErrNotExist) || errors.Is(none, api.ErrNoContainer) || api.Dangles(none) || !n.IsObject() {
		return none
	}
	cut, err := f.uploads.Find(ctx, n)
	switch {
	case err != nil:
		return api.Translate(err)
	case cut == nil:
		return none
	case attrs.ModTime == nil:
		return nil
	}
	return api.Translate(f.uploads.PutMarker(ctx, n, cut.ID, cut.Place, api.FormatSeconds(*attrs.ModTime)))
}
