package swift

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"filegate/core/vfs"
)

// newObjectHeader is what the object at the file's name is stored with.
func (w *writer) newObjectHeader() map[string]string {
	h := map[string]string{}
	if w.old.exists() && !w.opts.Truncate {
		h = w.old.kept()
		delete(h, metaMtime)
		delete(h, metaMD5)
		delete(h, metaSHA256)
		delete(h, metaCRC64)
		delete(h, "X-Object-Manifest")
		h["Content-Type"] = w.old.contentType
	} else {
		h["Content-Type"] = contentType(w.target.object)
	}
	// The time is always given: Swift's own changes with every rename.
	attrs := w.attrs
	attrs.ModTime = new(w.modTime())
	maps.Copy(h, w.fs.client.headerOf(attrs, false))
	w.inherit(h)
	if !w.old.exists() && (!w.blind || w.opts.Exclusive || !w.isWhole()) {
		h[ifNoneMatch] = "*"
	}
	return h
}

// inherit puts the modes of what had the name into the header: they are the file's, and stay when it gets another content, unless it gets others too.
func (w *writer) inherit(header map[string]string) {
	if !w.fs.backend.cfg.KeepModes || !w.old.exists() {
		return
	}
	for _, key := range []string{metaMode, metaUID, metaGID} {
		if v := w.old.header.Get(key); v != "" && header[key] == "" {
			header[key] = v
		}
	}
}

// put makes the one request that publishes, by send, which sends the header. Where the name was free when it was asked for, and is not any more, what has
// come to it is looked at and replaced, unless the content was to be a change of what is there. When its answer is lost, what is stored tells how
// it ended: an object with the content and the time, of which the latter is hardly anybody else's.
func (w *writer) put(ctx context.Context, etag string, header map[string]string, send func() error) error {
	w.publishes(true)
	err := send()
	if status(err) == http.StatusPreconditionFailed && header[ifNoneMatch] != "" && w.opts.Truncate && !w.opts.Exclusive {
		w.publishes(reached(err))
		if err := w.lookAgain(ctx); err != nil {
			return err
		}
		w.publishes(true)
		delete(header, ifNoneMatch)
		w.inherit(header)
		err = send()
	}
	if err == nil || !reached(err) || errors.Is(err, context.Canceled) {
		return err
	}
	now, headErr := w.fs.client.head(ctx, w.target)
	if headErr == nil && now.etag == etag && now.header.Get(metaMtime) == header[metaMtime] {
		return nil
	}
	return err
}

// ifNoneMatch is the header by which Swift takes a new object only where there is none of its name.
const ifNoneMatch = "If-None-Match"

func (w *writer) publishes(may bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = may
}

// lookAgain looks at what has come to the name of a file that was to be new.
func (w *writer) lookAgain(ctx context.Context) error {
	info, now, err := w.fs.lookup(ctx, w.target, w.base)
	switch {
	case now.link || cannotFollow(err): // which to replace is not what writing to its name means
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
func (w *writer) refusal(err error) error {
	switch {
	case vfs.Kind(err) != nil: // it is of another request
		return err
	case status(err) == http.StatusNotFound:
		return refusedAs(err, vfs.ErrNotExist, "there is no container "+w.target.container)
	case status(err) == http.StatusPreconditionFailed && w.opts.Exclusive:
		return refusedAs(err, vfs.ErrExist, "")
	case status(err) == http.StatusPreconditionFailed && w.blind:
		return errBlind(w.target, err)
	case status(err) == http.StatusBadRequest && len(w.layout) > 0:
		// Swift has checked every segment that the manifest names.
		return refusedAs(err, vfs.ErrChanged, "parts of the file are gone: it was changed or removed by somebody else meanwhile")
	}
	return translate(err)
}
