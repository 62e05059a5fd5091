package swift

import (
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// alias is the account or container that a configured name at the top level stands for.
type alias struct{ account, container string }

// parseAlias reads "ACCOUNT/container", or "ACCOUNT".
func parseAlias(s string) (alias, bool) {
	account, container, slash := strings.Cut(strings.TrimPrefix(s, api.AccountMark), "/")
	ok := vfs.ValidName(account) && (!slash || vfs.ValidName(container)) && len(container) <= api.MaxContainerName
	return alias{account, container}, ok
}

// aliasesIn returns the aliases that the listing of an account shows: in the login's own account,
// those that the login may enter.
func (f *FS) aliasesIn(ctx context.Context, account api.Name) ([]vfs.Info, error) {
	if account.Account != "" || len(f.aliases) == 0 {
		return nil, nil
	}
	names := slices.Sorted(maps.Keys(f.aliases))
	infos := make([]vfs.Info, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i, base := range names {
		g.Go(func() error {
			target := f.aliases[base]
			info, _, err := f.lookup(ctx, api.Name{Account: f.client.Foreign(target.account), Container: target.container}, base)
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
