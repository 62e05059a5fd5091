package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"filegate/core/vfs"
)

// SetMeta sets metadata of an object, and keeps all other metadata.
func (c *Client) SetMeta(ctx context.Context, n Name, o Object, more map[string]string) error {
	if len(more) == 0 {
		return nil
	}
	header := o.KeptHeader()
	maps.Copy(header, more)
	if t := c.TimedType(o.ContentType, header); t != o.ContentType {
		header["Content-Type"] = t
	}
	_, err := c.Send(ctx, Request{Method: http.MethodPost, Target: n, Header: header, ETag: o.ETag})
	return Translate(err)
}

// Head returns an object's headers. The error is not translated.
func (c *Client) Head(ctx context.Context, n Name) (Object, error) {
	resp, err := c.Send(ctx, Request{Method: http.MethodHead, Target: n})
	if err != nil {
		return Object{}, err
	}
	o := c.ObjectOf(resp.Header)
	if !o.Sized {
		o.Size, err = c.SizeByRange(ctx, n, o.ETag)
	}
	return o, err
}

// SizeByRange returns the size of an object whose headers do not contain it, for example because a
// proxy sends answers in chunks. It makes a GET of a range. The error is not translated.
func (c *Client) SizeByRange(ctx context.Context, n Name, etag string) (int64, error) {
	resp, err := c.Open(ctx, Request{Method: http.MethodGet, Target: n, Header: map[string]string{"Range": "bytes=0-0"}})
	switch {
	case StatusOf(err) == http.StatusRequestedRangeNotSatisfiable:
		return 0, nil // it has no first byte
	case err != nil:
		return 0, err
	}
	resp.Body.Close()
	if got := strings.Trim(resp.Header.Get("Etag"), `"`); etag != "" && got != etag {
		return 0, &vfs.Error{Kind: vfs.ErrChanged, TransID: resp.TransID()}
	}
	if resp.Status != http.StatusPartialContent {
		return 0, &vfs.Error{
			Kind: vfs.ErrUnavailable, Text: "the storage does not tell how large the file is", TransID: resp.TransID(),
			Err: fmt.Errorf("GET %q: neither Content-Length nor Content-Range, status %d", n.String(), resp.Status),
		}
	}
	return TotalOf(resp.Header.Get("Content-Range"))
}

// ContainerUse returns the bytes and objects in a container's headers. They do not include the
// segments of its files, which are in another container.
func ContainerUse(h http.Header) (bytes, objects int64) {
	return HeaderCount(h, "X-Container-Bytes-Used"), HeaderCount(h, "X-Container-Object-Count")
}

// HeaderCount returns the number in a header, or 0 if it is missing.
func HeaderCount(h http.Header, key string) int64 {
	n, _ := strconv.ParseInt(h.Get(key), 10, 64)
	return max(n, 0)
}

// TotalOf returns the size of the whole object in a Content-Range.
func TotalOf(contentRange string) (int64, error) {
	_, total, ok := strings.Cut(contentRange, "/")
	n, err := strconv.ParseInt(total, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("Content-Range %q tells no size", contentRange)
	}
	return n, nil
}
