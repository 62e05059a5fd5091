package login

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

// sharedLogins is what gateways that share a cache know of each other's logins. What a login was proved with is never in it, and
// never in the memory of this process for longer than the login takes: it is found by a hash with a secret key.
type sharedLogins struct {
	own    []byte      // the key of hashes that stay in this process
	shared cache.Cache // nil: there is none

	mu     sync.Mutex
	common []byte // the key that gateways share
	asked  time.Time
}

const (
	hashKeySize = 32
	// hashKeyLife is how long gateways that are gone leave their common key behind, and hashKeyAge how long one is used without a look whether it is still the common one.
	hashKeyLife = 30 * 24 * time.Hour
	hashKeyAge  = time.Minute
)

func newSharedLogins(local, shared cache.Cache) *sharedLogins {
	c := &sharedLogins{own: make([]byte, hashKeySize)}
	_, _ = rand.Read(c.own) // never fails
	if shared != local {
		c.shared = shared
	}
	return c
}

// cacheable says whether the answer to a request may be given again to the same request. The answers to prompts are good once, and so is a password behind another factor.
func cacheable(req auth.Request) bool {
	if len(req.State) > 0 {
		return false
	}
	switch req.Method {
	case auth.Password, auth.PublicKey, auth.Certificate:
		return true
	}
	return false
}

// digest is a hash of who answers and of all that an authenticator may decide by: everything but the session's id and the client's port.
func digest(key []byte, authority string, req auth.Request) cache.Key {
	h := hmac.New(sha256.New, key)
	for _, field := range []string{
		authority, req.User, string(req.Method), req.Service, req.Remote.Addr().String(), req.Local.String(), req.Client,
		req.Password.Reveal(), string(req.PublicKey),
	} {
		writeField(h, field)
	}
	return cache.NewKey("login", hex.EncodeToString(h.Sum(nil)))
}

// writeField writes the length first: so no two lists of fields read the same.
func writeField(h hash.Hash, field string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(field)))
	h.Write(n[:])
	h.Write([]byte(field))
}

// commonKey is the key of hashes that gateways share. It lies in the cache, which seals it, and whoever finds none there makes one. nil: the cache is down.
func (c *sharedLogins) commonKey(ctx context.Context) []byte {
	c.mu.Lock()
	key, asked := c.common, c.asked
	c.mu.Unlock()
	if key != nil && time.Since(asked) < hashKeyAge {
		return key
	}
	name := cache.NewKey("login hash key")
	key, ok := c.shared.Get(ctx, name)
	if !ok || len(key) != hashKeySize {
		fresh := make([]byte, hashKeySize)
		_, _ = rand.Read(fresh)
		ok = c.shared.Update(ctx, name, hashKeyLife, func(old []byte) []byte {
			key = fresh
			if len(old) == hashKeySize {
				key = old
			}
			return key
		})
		if !ok {
			return nil
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.common, c.asked = key, time.Now()
	return key
}

// remembered is a login that some gateway has seen.
type remembered struct {
	Identity auth.Identity
	Token    string // of its grant: a secret does not let itself be written
	Stake    string // by which the list is found of those who use the grant
	Checked  time.Time
	Made     time.Time
	Until    time.Time
}

// mayShare reports whether other gateways may use a login. They must be able to renew its grant, which they can where all
// seal with a key that the shared cache's secret makes. It is the only place where that is decided.
func (c *sharedLogins) mayShare(id auth.Identity) bool {
	return c.shared != nil && (len(id.Grant.Renewal) == 0 || cache.DeriveKey(c.shared, RenewalsKey) != nil)
}

// get returns what other gateways know of a login, with a part in its grant.
func (c *sharedLogins) get(ctx context.Context, authority string, req auth.Request) (remembered, *stake, bool) {
	key, ok := c.key(ctx, authority, req)
	if !ok {
		return remembered{}, nil, false
	}
	var f remembered
	value, ok := c.shared.Get(ctx, key)
	if !ok || json.Unmarshal(value, &f) != nil || f.Identity.User == "" || !time.Now().Before(f.Until) {
		return remembered{}, nil, false
	}
	f.Identity.Grant.Token = auth.Secret(f.Token)
	stake := newStake(key, f.Stake)
	if !stake.join(ctx, c.shared, f.Identity.Grant) {
		return remembered{}, nil, false
	}
	return f, stake, true
}

// put tells other gateways, where there may be any, and returns the part that this one has in the grant from then on; nil if they were not told.
func (c *sharedLogins) put(ctx context.Context, authority string, req auth.Request, f remembered) *stake {
	if !c.mayShare(f.Identity) {
		return nil
	}
	key, ok := c.key(ctx, authority, req)
	if !ok {
		return nil
	}
	f.Token = f.Identity.Grant.Token.Reveal()
	f.Identity.Grant.Generation = 0 // numbers programs of this process
	f.Stake = rand.Text()
	value, err := json.Marshal(f)
	if err != nil {
		return nil
	}
	stake := newStake(key, f.Stake)
	if !stake.begin(ctx, c.shared, f.Identity.Grant) {
		return nil
	}
	c.shared.Set(ctx, key, value, time.Until(f.Until))
	return stake
}

// drop makes other gateways forget a login, if the cache can be reached; else it ends by itself.
func (c *sharedLogins) drop(ctx context.Context, stake *stake) { c.shared.Delete(ctx, stake.login) }

// giveBack ends the part in a grant, and reports whether nobody else has one.
func (c *sharedLogins) giveBack(ctx context.Context, stake *stake, grant auth.Grant) (last bool) {
	return stake.end(ctx, c.shared, grant)
}

func (c *sharedLogins) key(ctx context.Context, authority string, req auth.Request) (key cache.Key, ok bool) {
	if c.shared == nil {
		return key, false
	}
	common := c.commonKey(ctx)
	if common == nil {
		return key, false
	}
	return digest(common, authority, req), true
}
