package object

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// newObjectHeader is what the object at the file's name is stored with.
func (w *Writer) newObjectHeader() map[string]string {
	h := map[string]string{}
	if w.old.Exists() && !w.opts.Truncate {
		h = w.old.KeptHeader()
		delete(h, api.MetaMtime)
		delete(h, api.MetaMD5)
		delete(h, api.MetaSHA256)
		delete(h, api.MetaCRC64)
		delete(h, "X-Object-Manifest")
		h["Content-Type"] = w.old.ContentType
	} else {
		h["Content-Type"] = api.ContentTypeOf(w.target.Object)
	}
	// The time is always given: Swift's own changes with every rename.
	attrs := w.attrs
	attrs.ModTime = new(w.modTime())
	maps.Copy(h, w.shared.client.AttrsHeader(attrs, false))
	w.inherit(h)
	if !w.old.Exists() && (!w.blind || w.opts.Exclusive || !w.isWhole()) {
		h[api.IfNoneMatch] = "*"
	}
	return h
}

// inherit puts the modes of what had the name into the header: they are the file's, and stay when
// it gets another content, unless it gets others too.
func (w *Writer) inherit(header map[string]string) {
	if !w.shared.writing.KeepModes || !w.old.Exists() {
		return
	}
	for _, key := range []string{api.MetaMode, api.MetaUID, api.MetaGID} {
		if v := w.old.Header.Get(key); v != "" && header[key] == "" {
			header[key] = v
		}
	}
}

// put makes the one request that publishes, by send, which sends the header. Where the name was
// free when it was asked for, and is not any more, what has come to it is looked at and replaced,
// unless the content was to be a change of what is there. When its answer is lost, what is stored
// tells how it ended: an object with the content and the time, of which the latter is hardly
// anybody else's.
func (w *Writer) put(ctx context.Context, etag string, header map[string]string, send func() error) error {
	w.publishes(true)
	err := send()
	if api.StatusOf(err) == http.StatusPreconditionFailed && header[api.IfNoneMatch] != "" && w.opts.Truncate && !w.opts.Exclusive {
		w.publishes(api.Reached(err))
		if err := w.lookAgain(ctx); err != nil {
			return err
		}
		w.publishes(true)
		delete(header, api.IfNoneMatch)
		w.inherit(header)
		err = send()
	}
	if err == nil || !api.Reached(err) || errors.Is(err, context.Canceled) {
		return err
	}
	now, headErr := w.shared.client.Head(ctx, w.target)
	if headErr == nil && now.ETag == etag && now.Header.Get(api.MetaMtime) == header[api.MetaMtime] {
		return nil
	}
	return err
}

func (w *Writer) publishes(may bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = may
}

// lookAgain looks at what has come to the name of a file that was to be new.
func (w *Writer) lookAgain(ctx context.Context) error {
	info, now, err := w.shared.names.Lookup(ctx, w.target, w.base)
	switch {
	case now.ThroughLink || api.CannotFollow(err): // which to replace is not what writing to its name means
		return vfs.Errorf(vfs.ErrChanged, "the name has become a symbolic link meanwhile")
	case errors.Is(err, vfs.ErrNotExist): // it has gone again
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	}
	w.mu.Lock()
	w.old = now
	w.mu.Unlock()
	w.overtaken, err = w.segmentsOf(ctx, now)
	return err
}

// refusal says what Swift's answer to the publishing request means.
func (w *Writer) refusal(err error) error {
	switch {
	case vfs.Kind(err) != nil: // it is of another request
		return err
	case api.StatusOf(err) == http.StatusNotFound:
		return api.RefusedAs(err, vfs.ErrNotExist, "there is no container "+w.target.Container)
	case api.StatusOf(err) == http.StatusPreconditionFailed && w.opts.Exclusive:
		return api.RefusedAs(err, vfs.ErrExist, "")
	case api.StatusOf(err) == http.StatusPreconditionFailed && w.blind:
		return ErrBlind(w.target, err)
	case api.StatusOf(err) == http.StatusBadRequest && len(w.layout) > 0:
		// Swift has checked every segment that the manifest names.
		return api.RefusedAs(err, vfs.ErrChanged, "parts of the file are gone: it was changed or removed by somebody else meanwhile")
	}
	return api.Translate(err)
}
