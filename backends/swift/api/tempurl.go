package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what older clusters know
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"time"

	"filegate/core/vfs"
)

// tempURLHashes are the hashes for temporary URLs that Swift supports, the best first.
var tempURLHashes = []struct {
	name string
	hash func() hash.Hash
}{{"sha256", sha256.New}, {"sha512", sha512.New}, {"sha1", sha1.New}}

// tempURLHash returns the best hash that a cluster supports. Clusters that report none are so old
// that they support only sha1.
func tempURLHash(told []string) string {
	if len(told) == 0 {
		return "sha1"
	}
	for _, h := range tempURLHashes {
		if slices.Contains(told, h.name) {
			return h.name
		}
	}
	return ""
}

// The headers of the keys that sign temporary URLs. Swift accepts either of the two.
var tempURLKeys = []string{"Temp-Url-Key", "Temp-Url-Key-2"}

// TempURL returns a temporary URL of an object. It is signed with the key of the account or the
// container, which Swift shows to users who may change it.
func (c *Client) TempURL(ctx context.Context, n Name, method string, until time.Time) (string, error) {
	limits, err := c.Limits(ctx)
	if err != nil {
		return "", err
	}
	if limits.TempURLHash == "" {
		return "", vfs.Errorf(vfs.ErrUnsupported, "this Swift has no temporary URLs")
	}
	key, err := c.tempURLKey(ctx, n)
	if err != nil {
		return "", err
	}
	grant, err := c.Grants.Current(ctx)
	if err != nil {
		return "", err
	}
	base, err := AccountURL(grant.Endpoint, n.Account)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u = u.JoinPath() // without a slash at the end
	path := u.Path + n.InAccount()
	var sign hash.Hash
	for _, h := range tempURLHashes {
		if h.name == limits.TempURLHash {
			sign = hmac.New(h.hash, []byte(key))
		}
	}
	fmt.Fprintf(sign, "%s\n%d\n%s", method, until.Unix(), path)
	return fmt.Sprintf("%s://%s%s?temp_url_sig=%s&temp_url_expires=%d", u.Scheme, u.Host, Quote(path), hex.EncodeToString(sign.Sum(nil)), until.Unix()), nil
}

// tempURLKey returns the key of the account, or else that of the container.
func (c *Client) tempURLKey(ctx context.Context, n Name) (string, error) {
	for _, at := range []struct {
		name   Name
		prefix string
	}{{Name{Account: n.Account}, "X-Account-Meta-"}, {n.Top(), "X-Container-Meta-"}} {
		resp, err := c.Send(ctx, Request{Method: http.MethodHead, Target: at.name})
		if StatusOf(err) == http.StatusForbidden {
			continue
		}
		if err != nil {
			return "", Translate(err)
		}
		for _, header := range tempURLKeys {
			if key := resp.Header.Get(at.prefix + header); key != "" {
				return key, nil
			}
		}
	}
	return "", vfs.Errorf(vfs.ErrUnsupported,
		"no Temp-URL key is set, or this login may not read it: the owner of the account can set one, with \"swift post -m Temp-URL-Key:SECRET\", or for this container alone with \"swift post %s -m Temp-URL-Key:SECRET\"", n.Container)
}
