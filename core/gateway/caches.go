package gateway

import (
	"errors"
	"fmt"
	"io"

	"filegate/core/cache"
	"filegate/core/config"
)

// makeCaches creates the process's own cache, as configured or with the default size, and opens the
// shared cache, if there is one.
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

// closeCaches closes the caches.
func (g *Gateway) closeCaches() error {
	var errs []error
	for _, c := range []cache.Cache{g.local, g.shared} {
		if closer, ok := c.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}
