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

// publisher makes what has been written the file: by one request, on conditions, of which it finds out
// what became of it where the answer is lost. It knows what the file replaces.
type publisher struct {
	shared     *Writers
	target     api.Name
	base       string // of the file's name
	opts       vfs.WriteOptions
	limits     api.Limits
	old        api.Object  // what had the name when it was asked for, if it existed
	unchanged  func() bool // reports whether old is good still
	overtaken  []api.Name  // segments of what has come to the name since
	blind      bool        // what has the name cannot be looked at
	superseded *CutOff     // a cut-off upload of the same file that this one takes the place of
	begun      time.Time

	mu *sync.Mutex // the writer's; it guards what follows, and old
	// published says that the segments may be a file's by now: the request that makes them so has
	// been made.
	published bool
	attrs     vfs.Attrs
	sums      vfs.Sums // of what has been published
}

// newObjectHeader returns what the object at the file's name is stored with. whole says that nothing is
// left of what had the name before.
func (p *publisher) newObjectHeader(whole bool) map[string]string {
	h := map[string]string{}
	if p.old.Exists() && !p.opts.Truncate {
		h = p.old.KeptHeader()
		delete(h, api.MetaMtime)
		delete(h, api.MetaMD5)
		delete(h, api.MetaSHA256)
		delete(h, api.MetaCRC64)
		delete(h, "X-Object-Manifest")
		h["Content-Type"] = p.old.ContentType
	} else {
		h["Content-Type"] = api.ContentTypeOf(p.target.Object)
	}
	// The time is always given: Swift's own changes with every rename.
	attrs := p.attrs
	attrs.ModTime = new(p.modTime())
	maps.Copy(h, p.shared.client.AttrsHeader(attrs, false))
	p.inherit(h)
	if !p.old.Exists() && (!p.blind || p.opts.Exclusive || !whole) {
		h[api.IfNoneMatch] = "*"
	}
	return h
}

// inherit puts the modes of what had the name into the header: they are the file's, and stay when
// it gets another content, unless it gets others too.
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

// put makes the one request that publishes, by send, which sends the header. Where the name was
// free when it was asked for, and is not any more, what has come to it is looked at and replaced,
// unless the content was to be a change of what is there. When its answer is lost, what is stored
// tells how it ended: an object with the content and the time, of which the latter is hardly
// anybody else's.
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

// lookAgain looks at what has come to the name of a file that was to be new.
func (p *publisher) lookAgain(ctx context.Context) error {
	info, now, err := p.shared.names.Lookup(ctx, p.target, p.base)
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
	p.mu.Lock()
	p.old = now
	p.mu.Unlock()
	p.overtaken, err = p.segmentsOf(ctx, now)
	return err
}

// refusal says what Swift's answer to the publishing request means.
func (p *publisher) refusal(err error, large bool) error {
	switch {
	case vfs.Kind(err) != nil: // it is of another request
		return err
	case api.StatusOf(err) == http.StatusNotFound:
		return api.RefusedAs(err, vfs.ErrNotExist, "there is no container "+p.target.Container)
	case api.StatusOf(err) == http.StatusPreconditionFailed && p.opts.Exclusive:
		return api.RefusedAs(err, vfs.ErrExist, "")
	case api.StatusOf(err) == http.StatusPreconditionFailed && p.blind:
		return ErrBlind(p.target, err)
	case api.StatusOf(err) == http.StatusBadRequest && large:
		// Swift has checked every segment that the manifest names.
		return api.RefusedAs(err, vfs.ErrChanged, "parts of the file are gone: it was changed or removed by somebody else meanwhile")
	}
	return api.Translate(err)
}

// listing.ChangedBy returns the description of the file with the attributes that were set.
func (p *publisher) changedBy(info vfs.Info) vfs.Info {
	kept := p.attrs
	if !p.shared.writing.KeepModes {
		kept = vfs.Attrs{ModTime: kept.ModTime}
	}
	return kept.Over(info)
}

// modTime is the time that the file will have.
func (p *publisher) modTime() time.Time {
	if p.attrs.ModTime != nil {
		return *p.attrs.ModTime
	}
	return p.begun
}

// keepSums keeps the checksums of what has been published, as its header has them. The ETag of a plain object is its MD5.
func (p *publisher) keepSums(header map[string]string, plain bool) {
	md5 := header[api.MetaMD5]
	if plain {
		md5 = header["Etag"]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sums = SumsOf(md5, header[api.MetaSHA256])
}
