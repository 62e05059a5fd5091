package api

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"filegate/core/vfs"
)

// accountOf returns the account that a storage URL ends in. It is empty where the URL has none:
// some stores know the account by the token.
func accountOf(storageURL string) string {
	u, err := url.Parse(storageURL)
	if err != nil {
		return ""
	}
	last := path.Base(strings.TrimSuffix(u.Path, "/"))
	if last == "." || last == "/" || version.MatchString(last) {
		return ""
	}
	return last
}

// version matches the element before the account.
var version = regexp.MustCompile(`^v\d+(\.\d+)?$`)

// AccountURL returns the storage URL of an account, where storageURL is that of the login's own. No
// name means the login's own account.
func AccountURL(storageURL, account string) (string, error) {
	if account == "" {
		return storageURL, nil
	}
	u, err := url.Parse(storageURL)
	if err != nil {
		return "", err
	}
	if accountOf(storageURL) == "" {
		return "", vfs.Errorf(vfs.ErrUnsupported, "this storage has no accounts beside the login's own")
	}
	u.Path, u.RawPath = path.Dir(strings.TrimSuffix(u.Path, "/"))+"/"+account, ""
	return u.String(), nil
}

// Foreign returns an account as a [Name] has it: empty for the login's own.
func (c *Client) Foreign(account string) string {
	if account == c.Account {
		return ""
	}
	return account
}

// Whole returns n as logins of all accounts have it: with the account also where that is the
// login's own.
func (c *Client) Whole(n Name) Name {
	n.Account = cmp.Or(n.Account, c.Account)
	return n
}

// ContainerSettings returns, of the headers of a container, those that were set for it: they go along
// when it gets another name.
func ContainerSettings(h http.Header) map[string]string {
	kept := map[string]string{}
	for key, values := range h {
		switch {
		case strings.HasPrefix(key, "X-Container-Meta-"),
			key == "X-Container-Read", key == "X-Container-Write", key == "X-Storage-Policy",
			key == "X-Versions-Location", key == "X-History-Location", key == "X-Versions-Enabled":
			kept[key] = values[0]
		}
	}
	return kept
}
