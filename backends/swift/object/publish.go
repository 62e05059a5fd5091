package object

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// publisher publishes the written content under the file's name by one conditional request. If the
// answer is lost, it looks up the result. It holds the object that the file replaces.
type publisher struct {
	shared     *Writers
	target     api.Name
	base       string // of the file's name
	opts       vfs.WriteOptions
	limits     api.Limits
	old        api.Object  // the object that is replaced, as it was at opening
	unchanged  func() bool // reports whether old is still valid
	overtaken  []api.Name  // segments of objects that were stored under the name since then
	blind      bool        // the object under the name cannot be read
	superseded *CutOff     // an interrupted upload of the same file that this one replaces
	begun      time.Time

	mu *sync.Mutex // the writer's; it guards the following fields, and old
	// published is set when the publishing request is sent. From then on the segments may belong to
	// a file.
	published bool
	attrs     vfs.Attrs
	sums      vfs.Sums // of the published content
}

// newObjectHeader returns the headers of the new object. whole reports whether the new content
// keeps nothing of the old content.
func (p *publisher) newObjectHeader(whole bool) map[string]string {
	h := map[string]string{}
	if p.old.Exists() && !p.opts.Truncate {
		h = p.old.KeptHeader()
		delete(h, api.MetaMtime)
		delete(h, api.MetaMD5)
		delete(h, api.MetaSHA256)
		delete(h, api.MetaCRC64)
		delete(h, "X-Object-Manifest")
		delete(h, api.MetaSegments)
		h["Content-Type"] = p.old.ContentType
	} else {
		h["Content-Type"] = api.ContentTypeOf(p.target.Object)
	}
	// The modification time is always set, because Swift's own time changes with every rename.
	attrs := p.attrs
	attrs.ModTime = new(p.modTime())
	maps.Copy(h, p.shared.client.AttrsHeader(attrs, false))
	h["Content-Type"] = p.shared.client.TimedType(h["Content-Type"], h)
	p.inherit(h)
	if !p.old.Exists() && (!p.blind || p.opts.Exclusive || !whole) {
		h[api.IfNoneMatch] = "*"
	}
	return h
}

// inherit copies mode and owner of the replaced object into the header, unless new ones were set.
func (p *publisher) inherit(header map[string]string) {
	if !p.shared.writing.KeepModes || !p.old.Exists() {
		return
	}
	for _, key := range []string{api.MetaMode, api.MetaUID, api.MetaGID} {
		if v := p.old.Header.Get(key); v != "" && header[key] == "" {
			header[key] = v
		}
	}
}

// put makes the publishing request by calling send, which sends the header. If the name was free at
// opening and is not any more, put looks up the object that is there now and replaces it, unless
// the content is a change of the old content. If the answer is lost, put looks up what is stored:
// an object with the same content and the same modification time counts as published by this
// request.
func (p *publisher) put(ctx context.Context, etag string, header map[string]string, send func() error) error {
	p.publishes(true)
	err := send()
	if api.StatusOf(err) == http.StatusPreconditionFailed && header[api.IfNoneMatch] != "" && p.opts.Truncate && !p.opts.Exclusive {
		p.publishes(api.Reached(err))
		if err := p.lookAgain(ctx); err != nil {
			return err
		}
		p.publishes(true)
		delete(header, api.IfNoneMatch)
		p.inherit(header)
		err = send()
	}
	if err == nil || !api.Reached(err) || errors.Is(err, context.Canceled) {
		return err
	}
	now, headErr := p.shared.client.Head(ctx, p.target)
	if headErr == nil && now.ETag == etag && now.Header.Get(api.MetaMtime) == header[api.MetaMtime] {
		return nil
	}
	return err
}

func (p *publisher) publishes(may bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = may
}

// failed records that the publishing request has failed. If Swift refused it, nothing is published.
func (p *publisher) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = p.published && api.Reached(err)
}

// lookAgain looks up the object that was stored under the name of a new file since its opening.
func (p *publisher) lookAgain(ctx context.Context) error {
	info, now, err := p.shared.names.Lookup(ctx, p.target, p.base)
	switch {
	case now.ThroughLink || api.CannotFollow(err): // a write through a link must not replace the link
		return vfs.Errorf(vfs.ErrChanged, "the name has become a symbolic link meanwhile")
	case errors.Is(err, vfs.ErrNotExist): // the object was deleted again
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	}
	p.mu.Lock()
	p.old = now
	p.mu.Unlock()
	p.overtaken, err = p.segmentsOf(ctx, now)
	return err
}

// refusal translates Swift's answer to the publishing request.
func (p *publisher) refusal(err error, large bool) error {
	switch {
	case vfs.Kind(err) != nil: // the error of another request
		return err
	case api.StatusOf(err) == http.StatusNotFound && large && !p.limits.SLORanges:
		return api.RefusedAs(err, vfs.ErrChanged, "a part of the file or its container is gone: another client has changed or removed it")
	case api.StatusOf(err) == http.StatusNotFound:
		return api.RefusedAs(err, vfs.ErrNotExist, "there is no container "+p.target.Container)
	case api.StatusOf(err) == http.StatusPreconditionFailed && p.opts.Exclusive:
		return api.RefusedAs(err, vfs.ErrExist, "")
	case api.StatusOf(err) == http.StatusPreconditionFailed && p.blind:
		return ErrBlind(p.target, err)
	case api.StatusOf(err) == http.StatusBadRequest && large:
		// Swift checks every segment in the manifest.
		return api.RefusedAs(err, vfs.ErrChanged, "parts of the file are gone: it was changed or removed by somebody else meanwhile")
	}
	return api.Translate(err)
}

// changedBy returns the description of the file with the attributes that were set.
func (p *publisher) changedBy(info vfs.Info) vfs.Info {
	kept := p.attrs
	if !p.shared.writing.KeepModes {
		kept = vfs.Attrs{ModTime: kept.ModTime}
	}
	return kept.Over(info)
}

// modTime returns the modification time that the file will have.
func (p *publisher) modTime() time.Time {
	if p.attrs.ModTime != nil {
		return *p.attrs.ModTime
	}
	return p.begun
}

// keepSums records the checksums of the published content, from its header. The ETag of a plain
// object is its MD5.
func (p *publisher) keepSums(header map[string]string, plain bool) {
	md5 := header[api.MetaMD5]
	if plain {
		md5 = header["Etag"]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sums = SumsOf(md5, header[api.MetaSHA256])
}
