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

// accountOf returns the account at the end of a storage URL. It is empty if the URL has none,
// because some stores know the account from the token.
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

// version matches the path element before the account.
var version = regexp.MustCompile(`^v\d+(\.\d+)?$`)

// AccountURL returns the storage URL of an account. storageURL is the login's own. An empty account
// means the login's own account.
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

// Foreign returns an account in the form for a [Name], which is empty for the login's own account.
func (c *Client) Foreign(account string) string {
	if account == c.Account {
		return ""
	}
	return account
}

// Whole returns n with its account, even if that is the login's own, so that it means the same for
// logins of all accounts.
func (c *Client) Whole(n Name) Name {
	n.Account = cmp.Or(n.Account, c.Account)
	return n
}

// ContainerSettings returns those headers of a container that are its settings. They are kept when
// it is renamed.
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
