package gateway

import (
	"context"
	"errors"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

// find returns a logon that answers a request, since the same one was answered a short time ago, here or by a gateway with the same cache; or nil.
// by names who answers. The caller has the logon in use, and calls leave.
func (ls *logons) find(ctx context.Context, a authority, by string, req auth.Request) *logon {
	if ls.cfg.CacheFor == 0 || !cacheable(req) {
		return nil
	}
	key := digest(ls.cache.own, by, req)
	if lg := ls.use(key); lg != nil {
		return lg
	}
	f, lent, ok := ls.cache.get(ctx, by, req)
	if !ok {
		return nil
	}
	lg := ls.add(a, f.Identity, f.Checked)
	ls.retain(lg, key, f, lent)
	return lg
}

func (ls *logons) use(key cache.Key) *logon {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	lg := ls.kept[key]
	if lg == nil || !time.Now().Before(lg.until) {
		return nil
	}
	lg.users++
	return lg
}

// keep keeps a logon for the same request, as long as its authenticator and the configuration allow.
func (ls *logons) keep(ctx context.Context, lg *logon, by string, req auth.Request) {
	life := min(lg.identity.CacheFor, ls.cfg.CacheFor)
	if ls.cfg.Revalidate > 0 {
		life = min(life, ls.cfg.Revalidate)
	}
	if life <= 0 || !cacheable(req) {
		return
	}
	now := time.Now()
	f := found{Identity: lg.identity, Checked: now, Made: now, Until: now.Add(life)}
	lent := ls.cache.put(ctx, by, req, f)
	ls.retain(lg, digest(ls.cache.own, by, req), f, lent)
}

// retain puts a logon into the cache of this process, in place of an older one.
func (ls *logons) retain(lg *logon, key cache.Key, f found, lent *loan) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	lg.lent = lent
	if ls.closed {
		return
	}
	if old := ls.kept[key]; old != nil {
		ls.forget(old)
	}
	lg.users++
	lg.key, lg.made, lg.until = key, f.Made, f.Until
	ls.kept[key] = lg
	lg.expiry = time.AfterFunc(time.Until(f.Until), func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		ls.forget(lg)
	})
}

// forget takes a logon out of the cache of this process; its sessions go on. It may be called twice, and with mu held.
func (ls *logons) forget(lg *logon) {
	if lg.expiry == nil {
		return
	}
	lg.expiry.Stop()
	lg.expiry = nil
	if ls.kept[lg.key] == lg {
		delete(ls.kept, lg.key)
	}
	lg.users--
	lg.settle()
}

// forgetAll takes all logons out of the cache of this process: other authenticators answer from now on.
func (ls *logons) forgetAll() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, lg := range ls.kept {
		ls.forget(lg)
	}
}

// refresh asks anew, in the background, for a request that was answered by a logon past half of its time, so that whoever comes again and again never waits, and a
// password that was changed is found out.
func (ls *logons) refresh(lg *logon, by string, req auth.Request, ask func(context.Context, auth.Request) (auth.Response, error)) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed || lg.refreshed || time.Now().Before(lg.made.Add(lg.until.Sub(lg.made)/2)) {
		return
	}
	lg.refreshed = true
	ls.asking.Go(func() {
		ctx, cancel := context.WithTimeout(ls.life, askTimeout)
		defer cancel()
		resp, err := ask(ctx, req)
		switch {
		case err == nil && resp.Identity != nil:
			fresh := ls.add(lg.auth, named(*resp.Identity, req), time.Now())
			ls.keep(ctx, fresh, by, req)
			fresh.leave()
		case errors.Is(err, auth.ErrUnavailable), ctx.Err() != nil:
			lg.log.Debug("login could not be asked about again", "err", err)
		case errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrUnknownUser):
			lg.log.Info("login is no longer valid", "err", err)
			lg.revoke(errRevoked)
		default: // another step is wanted now, say: for the next login, not for sessions
			ls.mu.Lock()
			ls.forget(lg)
			lent := lg.lent
			ls.mu.Unlock()
			if lent != nil {
				ls.cache.drop(ctx, lent)
			}
		}
	})
}
