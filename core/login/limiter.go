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

// limiter enforces the limits of each address, user and account, and of all together. Sessions,
// transfers and rates are counted in this process. Logins in a minute are also counted in the cache
// that gateways share, if there is one.
type limiter struct {
	rules  *rules
	caches []cache.Cache

	mu     sync.Mutex
	counts map[holder]*holding
}

// holder identifies whose limit it is.
type holder struct{ kind, name string }

// The kinds of holders, as the configuration names them.
const (
	ofTotal      = "total"
	ofPerAddress = "per_address"
	ofPerUser    = "per_user"
	ofPerAccount = "per_account"
)

// holding is the current use of a holder.
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

// claim is a holder with its limits.
type claim struct {
	holder
	config.Limit
	whose string // for the text that a refused client reads
}

// claims returns the limits that apply to a session of an identity. A limit that the authenticator
// sets replaces the one of the configuration.
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

// errTooManySessions refuses a login of a holder that has reached its limit of sessions.
func errTooManySessions(whose string) error {
	return &auth.Error{
		Kind: fmt.Errorf("%w of %s: %w", errSessions, whose, auth.ErrUnavailable),
		Text: fmt.Sprintf("There are as many sessions of %s as allowed. End one, and try again.", whose),
	}
}

// enter counts a session in all of its claims until leave is called, and returns the shares of
// those that limit transfers or rates. If a claim is exhausted, it counts nothing and returns an
// error. leave may be called twice.
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

// errTooManyLogins refuses a login of a holder that has reached its limit of logins in a minute.
func errTooManyLogins(whose string) error {
	return &auth.Error{
		Kind: fmt.Errorf("%w of %s: %w", errLogins, whose, auth.ErrUnavailable),
		Text: fmt.Sprintf("There were too many logins of %s in a minute. Keep the connection, or try again later.", whose),
	}
}

// count counts a login, and returns an error if there were too many in the last minute.
func (l *limiter) count(ctx context.Context, c claim) error {
	if c.LoginsPerMinute == 0 {
		return nil
	}
	key := cache.NewKey("logins in a minute", c.kind, c.name)
	over, stores := false, l.caches
	if c.kind == ofTotal {
		stores = stores[:1] // the total applies to one gateway
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

// minute counts events in one minute of the clock, and in the minute before it.
type minute struct {
	of          int64 // minutes since 1970
	now, before uint64
}

// at returns the count moved on to the minute of t.
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

// estimate returns about how many events there were in the 60 seconds up to t, as if those of the
// minute before had been spread evenly.
func (m minute) estimate(t time.Time) float64 {
	return float64(m.now) + float64(m.before)*float64(60-t.Unix()%60)/60
}

func (m minute) encode() []byte {
	b := binary.AppendVarint(nil, m.of)
	b = binary.AppendUvarint(b, m.now)
	return binary.AppendUvarint(b, m.before)
}

// decodeMinute returns an empty count if b is not a valid record.
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
