package login

import (
	"context"
	"errors"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

// find returns the lease of an earlier login with the same request, which this gateway or another
// one with the same cache remembers, or nil. by is the fingerprint of the chain. The caller has the
// lease in use, and calls leave.
func (ls *leases) find(ctx context.Context, a Authority, by string, req auth.Request) *lease {
	if ls.cfg().CacheFor == 0 || !cacheable(req) {
		return nil
	}
	key := digest(ls.cache.own, by, req)
	held := ls.use(key)
	if held == nil {
		f, use, ok := ls.cache.get(ctx, by, req)
		if !ok {
			return nil
		}
		held = ls.add(a, f.Identity, f.Checked)
		ls.rememberHere(held, key, f, use)
	}
	if !held.confirm(ctx) {
		held.leave()
		return nil
	}
	return held
}

// confirm reports whether a remembered login may be used. It asks the authenticator if the identity
// requires that, and revokes a login that the authenticator denies.
func (held *lease) confirm(ctx context.Context) bool {
	if !held.identity.Confirm {
		return true
	}
	id := held.identity
	id.Grant = held.grants.InUse()
	err := held.auth.Revalidate(ctx, id)
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrUnknownUser) {
		held.log.Info("login is no longer valid", "err", err)
		held.revoke(errRevoked)
	}
	return err == nil
}

func (ls *leases) use(key cache.Key) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	held := ls.kept[key]
	if held == nil || !time.Now().Before(held.until) {
		return nil
	}
	held.users++
	return held
}

// remember keeps a lease for later logins with the same request, for as long as the authenticator
// and the configuration allow.
func (ls *leases) remember(ctx context.Context, held *lease, by string, req auth.Request) {
	life := min(held.identity.CacheFor, ls.cfg().CacheFor)
	if ls.cfg().Revalidate > 0 {
		life = min(life, ls.cfg().Revalidate)
	}
	if life <= 0 || !cacheable(req) {
		return
	}
	now := time.Now()
	f := remembered{Identity: held.identity, Checked: now, Made: now, Until: now.Add(life)}
	use := ls.cache.put(ctx, by, req, f)
	ls.rememberHere(held, digest(ls.cache.own, by, req), f, use)
}

// rememberHere puts a lease into the cache of this process, in place of an older one.
func (ls *leases) rememberHere(held *lease, key cache.Key, f remembered, use *grantUse) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	held.use = use
	if ls.closed {
		return
	}
	if old := ls.kept[key]; old != nil {
		ls.forget(old)
	}
	held.users++
	held.key, held.made, held.until = key, f.Made, f.Until
	ls.kept[key] = held
	held.expiry = time.AfterFunc(time.Until(f.Until), func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		ls.forget(held)
	})
}

// forget drops a lease from the cache of this process; its sessions continue. It may be called
// twice. It is called with mu held.
func (ls *leases) forget(held *lease) {
	if held.expiry == nil {
		return
	}
	held.expiry.Stop()
	held.expiry = nil
	if ls.kept[held.key] == held {
		delete(ls.kept, held.key)
	}
	held.users--
	held.releaseUnused()
}

// forgetAll drops all leases from the cache of this process, because the authenticators have
// changed.
func (ls *leases) forgetAll() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, held := range ls.kept {
		ls.forget(held)
	}
}

// refresh asks the authenticators again in the background if a remembered login is past half of its
// lifetime. So a client that logs in again and again never waits, and a changed password is
// noticed.
func (ls *leases) refresh(held *lease, by string, req auth.Request, ask func(context.Context, auth.Request) (auth.Response, error)) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed || held.refreshed || time.Now().Before(held.made.Add(held.until.Sub(held.made)/2)) {
		return
	}
	held.refreshed = true
	ls.asking.Go(func() {
		ctx, cancel := context.WithTimeout(ls.life, askTimeout)
		defer cancel()
		resp, err := ask(ctx, req)
		switch {
		case err == nil && resp.Identity != nil:
			fresh := ls.add(held.auth, named(*resp.Identity, req), time.Now())
			ls.remember(ctx, fresh, by, req)
			fresh.leave()
		case errors.Is(err, auth.ErrUnavailable), ctx.Err() != nil:
			held.log.Debug("login could not be asked about again", "err", err)
		case errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrUnknownUser):
			held.log.Info("login is no longer valid", "err", err)
			held.revoke(errRevoked)
		default: // for example another step is required: this concerns the next login, not the sessions
			ls.mu.Lock()
			ls.forget(held)
			use := held.use
			ls.mu.Unlock()
			if use != nil {
				ls.cache.drop(ctx, use)
			}
		}
	})
}
