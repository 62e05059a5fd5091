package login

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/session"
)

// limiter holds each address, user and account, and all together, to its share. Sessions, transfers and rates are counted in this process; logins in a minute in the cache that
// gateways share too, if there is one.
type limiter struct {
	rules  *rules
	caches []cache.Cache

	mu     sync.Mutex
	counts map[holder]*holding
}

// holder is whose share it is.
type holder struct{ kind, name string }

// The kinds of holders, as the configuration names them.
const (
	ofTotal      = "total"
	ofPerAddress = "per_address"
	ofPerUser    = "per_user"
	ofPerAccount = "per_account"
)

// holding is what a holder has at the moment.
type holding struct {
	sessions int
	share    *session.Share
}

func newLimiter(r *rules, local, shared cache.Cache) *limiter {
	l := &limiter{rules: r, caches: []cache.Cache{local}, counts: map[holder]*holding{}}
	if shared != local {
		l.caches = append(l.caches, shared)
	}
	return l
}

// claim is a holder with its limit.
type claim struct {
	holder
	config.Limit
	whose string // as a refused client reads it
}

// claims are those of a session of who has logged in. What the authenticator says of the user goes before the configuration.
func (l *limiter) claims(id auth.Identity, remote netip.Addr) []claim {
	user := l.cfg().User.Limit()
	if id.Limits.Sessions > 0 {
		user.Sessions = id.Limits.Sessions
	}
	all := []claim{
		{holder{ofTotal, ""}, l.cfg().Total, "the server"},
		{holder{ofPerUser, id.Grant.Issuer + "\x00" + id.User}, user, "this user"},
	}
	if remote.IsValid() {
		all = append(all, claim{holder{ofPerAddress, network(remote).String()}, l.cfg().Address, "your address"})
	}
	if id.Grant.Endpoint != "" {
		all = append(all, claim{holder{ofPerAccount, id.Grant.Endpoint}, l.cfg().Account.Limit(), "this account"})
	}
	return all
}

// errTooManySessions refuses a login of a holder that has as many sessions as it may.
func errTooManySessions(whose string) error {
	return &auth.Error{
		Kind: fmt.Errorf("%w of %s: %w", errSessions, whose, auth.ErrUnavailable),
		Text: fmt.Sprintf("There are as many sessions of %s as allowed. End one, and try again.", whose),
	}
}

// enter counts a session in all of its claims until leave is called, which may happen twice, and returns what it shares with others; or counts it in none.
func (l *limiter) enter(claims []claim) (shares []*session.Share, leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range claims {
		if h := l.counts[c.holder]; h != nil && c.Sessions > 0 && h.sessions >= c.Sessions {
			return nil, nil, errTooManySessions(c.whose)
		}
	}
	for _, c := range claims {
		h := l.counts[c.holder]
		if h == nil {
			h = new(holding)
			if c.Transfers > 0 || c.UploadRate > 0 || c.DownloadRate > 0 {
				h.share = session.NewShare(c.whose, c.Transfers, c.UploadRate, c.DownloadRate)
			}
			l.counts[c.holder] = h
		}
		h.sessions++
		if h.share != nil {
			shares = append(shares, h.share)
		}
	}
	return shares, sync.OnceFunc(func() { l.leave(claims) }), nil
}

func (l *limiter) leave(claims []claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range claims {
		h := l.counts[c.holder]
		if h.sessions--; h.sessions == 0 {
			delete(l.counts, c.holder)
		}
	}
}

// errTooManyLogins refuses a login of a holder that has had as many in a minute as it may.
func errTooManyLogins(whose string) error {
	return &auth.Error{
		Kind: fmt.Errorf("%w of %s: %w", errLogins, whose, auth.ErrUnavailable),
		Text: fmt.Sprintf("There were too many logins of %s in a minute. Keep the connection, or try again later.", whose),
	}
}

// count counts a login, and returns an error when there were too many in the last minute.
func (l *limiter) count(ctx context.Context, c claim) error {
	if c.LoginsPerMinute == 0 {
		return nil
	}
	key := cache.NewKey("logins in a minute", c.kind, c.name)
	over, stores := false, l.caches
	if c.kind == ofTotal {
		stores = stores[:1] // it is of this gateway
	}
	for _, store := range stores {
		store.Update(ctx, key, 2*time.Minute, func(old []byte) []byte {
			r := decodeMinute(old).at(time.Now())
			r.now++
			over = r.estimate(time.Now()) > float64(c.LoginsPerMinute)
			return r.encode()
		})
		if over {
			return errTooManyLogins(c.whose)
		}
	}
	return nil
}

// minute is how many times something has happened in this minute of the clock and in the one before it.
type minute struct {
	of          int64 // minutes since 1970
	now, before uint64
}

// at returns the minute of a later time.
func (m minute) at(t time.Time) minute {
	switch of := t.Unix() / 60; of {
	case m.of:
		return m
	case m.of + 1:
		return minute{of: of, before: m.now}
	default:
		return minute{of: of}
	}
}

// estimate returns about how many times it has happened in the 60 seconds up to t, as if those of the minute before were spread evenly.
func (m minute) estimate(t time.Time) float64 {
	return float64(m.now) + float64(m.before)*float64(60-t.Unix()%60)/60
}

func (m minute) encode() []byte {
	b := binary.AppendVarint(nil, m.of)
	b = binary.AppendUvarint(b, m.now)
	return binary.AppendUvarint(b, m.before)
}

// decodeMinute takes what is none for one in which nothing has happened.
func decodeMinute(b []byte) minute {
	of, n := binary.Varint(b)
	if n <= 0 {
		return minute{}
	}
	now, m := binary.Uvarint(b[n:])
	if m <= 0 {
		return minute{}
	}
	before, k := binary.Uvarint(b[n+m:])
	if k <= 0 || now > 1<<40 || before > 1<<40 {
		return minute{}
	}
	return minute{of, now, before}
}
