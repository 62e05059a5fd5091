package swifttest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxSymlinks is the maximum number of symlinks that are followed in a row.
const maxSymlinks = 2

// The headers of symlinks.
const (
	symlinkHeader        = "X-Symlink-Target"
	symlinkAccountHeader = "X-Symlink-Target-Account"
	symlinkEtagHeader    = "X-Symlink-Target-Etag"
	symlinkBytesHeader   = "X-Symlink-Target-Bytes"
)

// symlink is the target of a symlink.
type symlink struct {
	Account string `json:",omitempty"` // empty: the account of the symlink
	Target  string // "container/object"
	// The following are for static symlinks, which are bound to one content.
	Etag    string `json:",omitempty"`
	Bytes   int64  `json:",omitempty"`
	SLOEtag string `json:",omitempty"`
}

// account returns the account of the target.
func (l *symlink) account(own string) string {
	if l.Account != "" {
		return l.Account
	}
	return own
}

// path returns the path of the target, as in headers and listings.
func (l *symlink) path(own string) string { return objectPath(l.account(own), l.Target) }

func objectPath(account, target string) string {
	return (&url.URL{Path: "/v1/" + account + "/" + target}).EscapedPath()
}

// headers returns the headers of the symlink itself.
func (l *symlink) headers() map[string]string {
	h := map[string]string{symlinkHeader: (&url.URL{Path: l.Target}).EscapedPath()}
	if l.Account != "" {
		h[symlinkAccountHeader] = l.Account
	}
	if l.Etag != "" {
		h[symlinkEtagHeader], h[symlinkBytesHeader] = l.Etag, strconv.FormatInt(l.Bytes, 10)
	}
	return h
}

// symlinkOf parses the headers of a symlink. It returns nil if there are none. For a static symlink
// without a type it sets the type of the target in h.
func (s *Server) symlinkOf(r *request, h http.Header) (*symlink, error) {
	value := h.Get(symlinkHeader)
	if value == "" || s.limits.NoSymlinks {
		return nil, nil
	}
	bad := func(format string, args ...any) error {
		return refuseWith(http.StatusBadRequest, plainType, fmt.Sprintf(format, args...))
	}
	if r.ContentLength != 0 && r.Method == http.MethodPut {
		return nil, bad("Symlink requests require a zero byte body")
	}
	if strings.HasPrefix(value, "/") {
		return nil, refuseWith(http.StatusPreconditionFailed, plainType, symlinkHeader+" header must be of the form <container name>/<object name>")
	}
	containerName, name, err := pathHeader(symlinkHeader, value)
	if err != nil {
		return nil, err
	}
	l := &symlink{Target: containerName + "/" + name, Etag: unquote(h.Get(symlinkEtagHeader))}
	if h.Get(symlinkAccountHeader) != "" {
		again := *r
		again.Request = &http.Request{Header: h}
		if l.Account, err = accountHeader(&again, symlinkAccountHeader); err != nil {
			return nil, err
		}
	}
	switch {
	case l.account(r.account) == r.account && containerName == r.container && name == r.object:
		return nil, bad("Symlink cannot target itself")
	case strings.ContainsAny(l.Etag, `;"\`):
		return nil, bad("Bad X-Symlink-Target-Etag format")
	case l.Etag == "":
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/symlink")
		}
		return l, nil
	}
	return l, s.settleStatic(r, h, l)
}

// settleStatic checks a static symlink against its target, which may be a symlink itself.
func (s *Server) settleStatic(r *request, h http.Header, l *symlink) error {
	v, err := s.follow(r, l, true, false)
	if f, ok := errors.AsType[*failure](err); ok && f.status == http.StatusNotFound {
		return conflictAt(l.path(r.account), "X-Symlink-Target does not exist")
	}
	if err != nil {
		return err
	}
	defer v.content.close()
	l.Bytes = v.size
	if o := v.object; o.SLO != nil {
		l.Bytes, l.SLOEtag = o.SLO.Size, o.SLO.ETag
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", v.kind)
	}
	return nil
}

// conflictAt returns the error for a symlink that cannot be followed.
func conflictAt(location, text string) error {
	f := refuseWith(http.StatusConflict, plainType, text)
	f.header.Set("Content-Location", location)
	return f
}

// followed returns the view of the object of a request. It follows symlinks, and the answer has the
// target in Content-Location. With ?symlink=get it is the view of the symlink itself.
func (s *Server) followed(r *request, raw bool) (*view, error) {
	v, err := s.named(r, raw)
	if err != nil || v.object.Symlink == nil {
		return v, err
	}
	if r.query.Get("symlink") == "get" {
		v.header = v.object.Symlink.headers()
		return v, nil
	}
	v.content.close()
	return s.follow(r, v.object.Symlink, raw, true)
}

// follow returns the view of the target of a symlink. It follows static symlinks and, with dynamic,
// all others.
func (s *Server) follow(r *request, l *symlink, raw, dynamic bool) (*view, error) {
	account := r.account
	for hops := 1; ; hops++ {
		location := l.path(account)
		account = l.account(account)
		containerName, name := place(l.Target)
		v, err := s.viewOf(visitor{r.login, account}, containerName, name, raw, 0)
		if f, ok := errors.AsType[*failure](err); ok {
			f.header.Set("Content-Location", location)
		}
		if err != nil {
			return nil, err
		}
		next := v.object.Symlink
		if next != nil && next.Etag == "" && !dynamic {
			next = nil
		}
		etag := v.etag
		if next != nil && next.Etag != "" {
			etag = next.Etag
		}
		switch {
		case l.Etag != "" && unquote(etag) != l.Etag && next != nil:
			v.content.close()
			return nil, conflictAt(location, "X-Symlink-Target-Etag headers do not match")
		// The ETag is that of the manifest.
		case l.Etag != "" && unquote(etag) != l.Etag && !raw && v.object.SLO != nil && v.object.ETag == l.Etag:
		case l.Etag != "" && unquote(etag) != l.Etag:
			v.content.close()
			return nil, conflictAt(location, fmt.Sprintf("Object Etag '%s' does not match X-Symlink-Target-Etag header '%s'", unquote(etag), l.Etag))
		}
		if next == nil {
			if v.header == nil {
				v.header = map[string]string{}
			}
			// The path of a version to which no other symlink points.
			if v.object.Version != 0 {
				location = objectPath(account, versionsOf(containerName)+"/"+versionName(name, v.object.Version))
			}
			v.header["Content-Location"] = location
			return v, nil
		}
		v.content.close()
		if hops == maxSymlinks {
			return nil, refuseWith(http.StatusConflict, plainType, fmt.Sprintf("Too many levels of symbolic links, maximum allowed is %d", maxSymlinks))
		}
		l = next
	}
}

// redirected returns the answer to a POST to a symlink, which has changed the symlink itself.
func redirected(account string, l *symlink) error {
	f := refuseWith(http.StatusTemporaryRedirect, htmlType,
		"The requested POST was applied to a symlink. POST directly to the target to apply requested metadata.")
	f.header.Set("Location", l.path(account))
	if l.Etag != "" {
		f.header.Set(symlinkEtagHeader, l.Etag)
	}
	return f
}
