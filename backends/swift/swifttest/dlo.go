package swifttest

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// checkDLO returns an error if an X-Object-Manifest is invalid.
func checkDLO(v string) error {
	containerName, prefix, _ := strings.Cut(v, "/")
	if containerName == "" || prefix == "" || strings.ContainsAny(v, "?&") || strings.HasPrefix(prefix, "/") {
		return refuseWith(http.StatusBadRequest, htmlType, "X-Object-Manifest must be in the format container/prefix")
	}
	return nil
}

// joined is the content of a dynamic large object: the objects with a prefix, as listed when it was
// opened.
type joined struct {
	server                 *Server
	account, containerName string
	objects                []found[*object]
}

// viewOfDLO turns the view of a manifest into the view of the large object.
func (s *Server) viewOfDLO(who visitor, v *view) (*view, error) {
	defer v.content.close()
	value, err := url.PathUnescape(v.object.Meta["X-Object-Manifest"])
	if err != nil {
		value = v.object.Meta["X-Object-Manifest"]
	}
	containerName, prefix, _ := strings.Cut(value, "/")
	if err := s.mayRead(who, containerName, true); err != nil {
		return nil, err
	}
	c := joined{server: s, account: who.account, containerName: containerName}
	if c.objects, err = s.listed(who.account, containerName, prefix); err != nil {
		return nil, err
	}
	v.size = 0
	sum := md5.New()
	for _, f := range c.objects {
		v.size += f.item.Size
		_, _ = io.WriteString(sum, f.item.ETag) // a hash never fails
	}
	v.etag = strconv.Quote(hex.EncodeToString(sum.Sum(nil)))
	v.content, v.single = c, true
	return v, nil
}

// listed returns all objects in the listing of a prefix.
func (s *Server) listed(account, containerName, prefix string) ([]found[*object], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.container(account, containerName)
	if !ok {
		return nil, refuse(http.StatusNotFound)
	}
	s.expire(account, c)
	items, _ := c.listed()
	return items.selectFrom(selection{prefix: prefix, limit: math.MaxInt}), nil
}

func (c joined) walk(sp span, do func(b body, part span) (more bool, err error)) error {
	for _, f := range c.objects {
		if sp.first >= f.item.Size {
			sp.first -= f.item.Size
			continue
		}
		if sp.n == 0 {
			return nil
		}
		here := span{sp.first, min(sp.n, f.item.Size-sp.first)}
		o, b, err := c.server.openObject(c.account, c.containerName, f.item.Name)
		if err != nil {
			return errSegment
		}
		more := false
		if o.Size < here.first+here.n {
			err = errSegment
		} else {
			more, err = do(b, here)
		}
		_ = b.Close() // opened for reading only
		if err != nil || !more {
			return err
		}
		sp = span{0, sp.n - here.n}
	}
	return nil
}

func (c joined) check(sp span) error {
	return c.walk(sp, func(body, span) (bool, error) { return false, nil })
}

func (c joined) copy(w io.Writer, sp span) error {
	return c.walk(sp, func(b body, part span) (bool, error) { return true, stored{b}.copy(w, part) })
}

func (c joined) close() {}
