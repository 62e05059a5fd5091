package gateway

import (
	"errors"
	"fmt"
	"io"

	"filegate/core/cache"
	"filegate/core/config"
)

// makeCaches makes the process's own cache, as the configuration wants it or as it is by default,
// and the one that gateways share, if there is one.
func (g *Gateway) makeCaches() config.Diagnostics {
	var diags config.Diagnostics
	g.local = cache.NewMemory(cache.DefaultMemory)
	for _, c := range g.cfg.Caches {
		made, err := c.Config.New(cache.Env{Log: g.log.With("cache", c.Kind)})
		switch {
		case err != nil:
			diags = append(diags, c.Diagnose("", fmt.Sprintf("Cache %q cannot be made", c.Kind), err.Error()))
		case c.Shared:
			g.shared = made
		default:
			g.local = made
		}
	}
	if g.shared == nil {
		g.shared = g.local
	}
	return diags
}

// closeCaches ends what the caches hold.
func (g *Gateway) closeCaches() error {
	var errs []error
	for _, c := range []cache.Cache{g.local, g.shared} {
		if closer, ok := c.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}
