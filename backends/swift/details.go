package swift

import (
	"context"
	"maps"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// ownMeta is the prefix of the keys of metadata that only filegate uses.
const ownMeta = "filegate-"

// deleteAt is the header of the time at which Swift deletes an object.
const deleteAt = "X-Delete-At"

// removeDeleteAt is the header that removes an expiry. Swift also removes it at each POST that sets
// none, but RadosGW does not.
const removeDeleteAt = "X-Remove-Delete-At"

// segmentsOutlive is how much later than the file its segments expire: by then, no client or cache
// has the manifest any more.
const segmentsOutlive = time.Hour

// Details implements [vfs.DetailFS].
func (f *FS) Details(ctx context.Context, p vfs.Path) (vfs.Details, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Details{}, err
	}
	if n, base, err := f.readable(ctx, n, p.Base()); err == nil && !base.IsZero() {
		o, err := f.client.Head(ctx, n)
		return detailsOf(o.Header, api.MetaPrefix), api.Translate(err)
	}
	n, info, o, err := f.lookupThrough(ctx, n, p.Base())
	switch {
	case err != nil:
		return vfs.Details{}, err
	case n.IsAccount():
		return vfs.Details{}, vfs.Errorf(vfs.ErrUnsupported, "the metadata of an account is not shown: name a container or a file")
	case n.IsContainer():
		resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n})
		if err != nil {
			return vfs.Details{}, api.Translate(err)
		}
		return detailsOf(resp.Header, containerPrefix), nil
	case !o.Exists() && info.IsDir(): // a prefix
		return vfs.Details{Meta: map[string]string{}}, nil
	}
	return detailsOf(o.Header, api.MetaPrefix), nil
}

func detailsOf(h http.Header, prefix string) vfs.Details {
	d := vfs.Details{Meta: map[string]string{}, Type: h.Get("Content-Type")}
	if prefix == containerPrefix {
		d.Type = "" // it is the type of the listing
	}
	if s, err := strconv.ParseInt(h.Get(deleteAt), 10, 64); err == nil && s > 0 {
		d.Expires = time.Unix(s, 0)
	}
	for key, values := range h {
		name, ok := strings.CutPrefix(textproto.CanonicalMIMEHeaderKey(key), prefix)
		name = strings.ToLower(name)
		if ok && len(values) > 0 && isOthersMeta(name) {
			d.Meta[name] = values[0]
		}
	}
	return d
}

// isOthersMeta reports whether users may see and change metadata: it is not filegate's own, and no
// secret.
func isOthersMeta(key string) bool {
	return !strings.HasPrefix(key, ownMeta) && !strings.HasPrefix(key, "temp-url-key") && !api.IsStoresMeta(key)
}

// ChangeDetails implements [vfs.DetailFS].
func (f *FS) ChangeDetails(ctx context.Context, p vfs.Path, change vfs.DetailChange) error {
	n, err := f.locate(p)
	if err != nil {
		return err
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	n, info, o, err := f.lookupThrough(ctx, n, p.Base())
	if err != nil {
		return err
	}
	meta, err := metaHeader(change.Meta, n)
	switch {
	case err != nil:
		return err
	case change.Expires != nil && (!o.Exists() || info.IsDir()):
		return vfs.Errorf(vfs.ErrUnsupported, "only files can expire")
	case n.IsAccount():
		return vfs.Errorf(vfs.ErrUnsupported, "the metadata of an account cannot be changed here: name a container or a file")
	case n.IsContainer():
		_, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n, Header: meta})
		f.forgetContainerAttrs(ctx, n)
		return api.Translate(err)
	case !o.Exists() && info.IsDir():
		return f.setPrefixMeta(ctx, n, meta)
	case !o.Exists():
		return vfs.ErrNotExist
	}
	return f.changeObject(ctx, n, o, meta, change.Expires)
}

// metaHeader returns metadata as headers.
func metaHeader(meta map[string]string, n api.Name) (map[string]string, error) {
	prefix := api.MetaPrefix
	if n.IsContainer() {
		prefix = containerPrefix
	}
	header := map[string]string{}
	for key, value := range meta {
		switch {
		case key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "":
			return nil, vfs.Errorf(vfs.ErrInvalid, "%q cannot be a key: letters, digits and hyphens can", key)
		case !isOthersMeta(strings.ToLower(key)), prefix == containerPrefix && strings.HasPrefix(strings.ToLower(key), "quota-"):
			return nil, vfs.Errorf(vfs.ErrPermission, "the key %q cannot be changed here", key)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return nil, vfs.Errorf(vfs.ErrInvalid, "the value of %q has control characters", key)
		}
		header[textproto.CanonicalMIMEHeaderKey(prefix+key)] = value
	}
	return header, nil
}

// changeObject changes the metadata of an object, and its expiry.
func (f *FS) changeObject(ctx context.Context, n api.Name, o api.Object, meta map[string]string, expires *time.Time) error {
	header := o.KeptHeader()
	maps.Copy(header, meta)
	for key := range header {
		if header[key] == "" { // a POST replaces all metadata
			delete(header, key)
		}
	}
	if expires == nil {
		_, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n, Header: header})
		return expiryError(err)
	}
	segments, err := f.expiringSegments(ctx, n, o)
	if err != nil {
		return err
	}
	delete(header, deleteAt)
	if expires.IsZero() { // the segments first: they must not expire before the file
		if err := f.expireSegments(ctx, segments, map[string]string{removeDeleteAt: "x"}); err != nil {
			return err
		}
		header[removeDeleteAt] = "x"
		_, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n, Header: header})
		return api.Translate(err)
	}
	at := expires.Unix()
	if o.Header.Get(deleteAt) != "" { // likewise: their old expiry may be earlier than the file's new one
		if err := f.expireSegments(ctx, segments, expireAt(at)); err != nil {
			return err
		}
		segments = nil
	}
	header[deleteAt] = strconv.FormatInt(at, 10)
	if _, err = f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n, Header: header}); err != nil {
		return expiryError(err)
	}
	return f.expireSegments(ctx, segments, expireAt(at))
}

func expireAt(at int64) map[string]string {
	return map[string]string{deleteAt: strconv.FormatInt(at+int64(segmentsOutlive/time.Second), 10)}
}

func expiryError(err error) error {
	if api.StatusOf(err) == http.StatusBadRequest {
		return &vfs.Error{Kind: vfs.ErrInvalid, Text: "Swift does not take this: the time must be in the future, and keys and values not too long", Err: err}
	}
	return api.Translate(err)
}

// expiringSegments returns the segments that must expire with a file. It returns none if the
// container keeps versions, because old versions may need them.
func (f *FS) expiringSegments(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	if !o.IsLarge() {
		return nil, nil
	}
	how, err := f.client.Versioning(ctx, n.Top())
	if err != nil || how.Keeps() {
		return nil, api.Translate(err)
	}
	all, err := f.large.OwnSegments(ctx, n, o)
	return all, api.Translate(err)
}

func (f *FS) expireSegments(ctx context.Context, segments []api.Name, header map[string]string) error {
	var g errgroup.Group
	g.SetLimit(movesAtOnce)
	for _, seg := range segments {
		g.Go(func() error {
			_, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: seg, Header: header})
			return err
		})
	}
	return api.Translate(g.Wait())
}
