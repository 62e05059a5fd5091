package swifttest

import (
	"net/http"
	"net/url"
)

// maxSymlinks is how many symlinks in a row are followed.
const maxSymlinks = 2

// symlinkTarget reads the header that makes an object a symlink, and returns what it stands for, as "container/object".
func symlinkTarget(r *request) (string, error) {
	value := r.Header.Get("X-Symlink-Target")
	if value == "" {
		return "", nil
	}
	bad := func(text string) error { return refuseWith(http.StatusPreconditionFailed, htmlType, text) }
	containerName, name, err := pathHeader("X-Symlink-Target", value)
	if err != nil {
		return "", err
	}
	if containerName == r.container && name == r.object {
		return "", refuseWith(http.StatusBadRequest, plainType, "Symlink cannot target itself")
	}
	if r.ContentLength != 0 {
		return "", refuseWith(http.StatusBadRequest, plainType, "Symlink requests require a zero byte body")
	}
	if v := r.Header.Get("X-Symlink-Target-Account"); v != "" && v != r.account {
		return "", bad("a symlink to another account is not supported here")
	}
	return containerName + "/" + name, nil
}

// followed returns the view of what a request names, behind its symlinks, which the answer names in Content-Location; with ?symlink=get that of
// the symlink itself.
func (s *Server) followed(r *request, raw bool) (*view, error) {
	v, err := s.named(r, raw)
	if err != nil || v.object.Symlink == "" {
		return v, err
	}
	target := func(v *view) string { return (&url.URL{Path: v.object.Symlink}).EscapedPath() }
	if r.query.Get("symlink") == "get" {
		v.header = map[string]string{"X-Symlink-Target": target(v)}
		return v, nil
	}
	location := ""
	for hops := 0; v.object.Symlink != ""; hops++ {
		v.content.close()
		if hops == maxSymlinks {
			return nil, refuse(http.StatusConflict)
		}
		location = "/v1/" + r.account + "/" + target(v)
		containerName, name := place(v.object.Symlink)
		if v, err = s.viewOf(r.visitor(), containerName, name, raw, 0); err != nil {
			return nil, err
		}
	}
	if v.header == nil {
		v.header = map[string]string{}
	}
	v.header["Content-Location"] = location
	return v, nil
}
