package swift

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"filegate/core/vfs"
)

// An account other than the login's own is reached at the storage URL of the login, with its last element replaced: by that the
// token never goes to another host. What may be done there is Swift's to say, by the rights that containers give.

// accountOf is the account that a storage URL ends in, or empty where it has none: there is storage that knows it by the token.
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

// version is the element before the account.
var version = regexp.MustCompile(`^v\d+(\.\d+)?$`)

// accountURL is the storage URL of an account beside the login's own one, which is meant by no name.
func accountURL(storageURL, account string) (string, error) {
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

// alias is what a configured name at the top level stands for.
type alias struct{ account, container string }

// parseAlias reads "ACCOUNT/container", or "ACCOUNT".
func parseAlias(s string) (alias, bool) {
	account, container, slash := strings.Cut(strings.TrimPrefix(s, accountMark), "/")
	ok := vfs.ValidName(account) && (!slash || vfs.ValidName(container)) && len(container) <= maxContainerName
	return alias{account, container}, ok
}

// aliasesIn returns the aliases that an account's listing shows: in the login's own those that it may enter.
func (f *FS) aliasesIn(ctx context.Context, account name) ([]vfs.Info, error) {
	if account.account != "" || len(f.aliases) == 0 {
		return nil, nil
	}
	names := slices.Sorted(maps.Keys(f.aliases))
	infos := make([]vfs.Info, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i, base := range names {
		g.Go(func() error {
			target := f.aliases[base]
			info, _, err := f.lookup(ctx, name{account: f.client.foreign(target.account), container: target.container}, base)
			if err == nil {
				info.Name = base
				infos[i] = info
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(infos, func(i vfs.Info) bool { return i.Name == "" }), nil
}

// refusal says what it means that Swift refused to show n. In another account, a container that the login may not read is not there for
// him, as all the others that he was never told of; in one that he may read, something is forbidden.
func (c *client) refusal(ctx context.Context, n name, err error) error {
	if n.account == "" || n.isAccount() || status(err) != http.StatusForbidden {
		return translate(err)
	}
	if n.isObject() {
		_, topErr := c.send(ctx, request{method: http.MethodHead, target: n.top()})
		if status(topErr) != http.StatusForbidden {
			return translate(err)
		}
	}
	return refusedAs(err, vfs.ErrNotExist, "")
}
