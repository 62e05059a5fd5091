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

// sharedLogins shares logins with other gateways through their common cache. The proof of a login
// is never stored there, and is kept in the memory of this process only for the duration of the
// login. Logins are found by a hash with a secret key.
type sharedLogins struct {
	own    []byte      // the key of hashes that stay in this process
	shared cache.Cache // nil: there is none

	mu     sync.Mutex
	common []byte // the key that gateways share
	asked  time.Time
}

const (
	hashKeySize = 32
	// hashKeyLife is how long the shared cache keeps the common key. hashKeyAge is how long a
	// gateway uses its copy before it reads the key again.
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

// cacheable reports whether the answer to a request may be given again to the same request. Answers
// to prompts are valid once, and so is a password that follows another factor.
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

// digest returns a keyed hash of the authority's fingerprint and of everything by which an
// authenticator may decide: all of the request except the session ID and the client's port.
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

// writeField writes the length before the field, so that different lists of fields never have the
// same hash.
func writeField(h hash.Hash, field string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(field)))
	h.Write(n[:])
	h.Write([]byte(field))
}

// commonKey returns the hash key that the gateways share, or nil if the cache is down. The key is
// sealed in the cache. The first gateway that finds no key there creates it.
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

// remembered is a login as the shared cache stores it.
type remembered struct {
	Identity auth.Identity
	Token    string // of the grant, which does not marshal its secret
	Stake    string // ID of the list of those that use the grant
	Checked  time.Time
	Made     time.Time
	Until    time.Time
}

// mayShare reports whether other gateways may use a login. They must be able to renew its grant,
// and can if all gateways derive the sealing key from the secret of the shared cache. Nothing else
// decides this.
func (c *sharedLogins) mayShare(id auth.Identity) bool {
	return c.shared != nil && (len(id.Grant.Renewal) == 0 || cache.DeriveKey(c.shared, RenewalsKey) != nil)
}

// get returns a login that another gateway has stored, with a new stake in its grant.
func (c *sharedLogins) get(ctx context.Context, authority string, req auth.Request) (remembered, *grantUse, bool) {
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

// put stores a login for other gateways and returns this gateway's stake in the grant, or nil if
// the login was not stored.
func (c *sharedLogins) put(ctx context.Context, authority string, req auth.Request, f remembered) *grantUse {
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

// drop removes a login from the shared cache, so that no other gateway takes it up any more. If the
// cache cannot be reached, the login expires by itself.
func (c *sharedLogins) drop(ctx context.Context, stake *grantUse) { c.shared.Delete(ctx, stake.login) }

// giveBack ends a stake, and reports whether it was the last one in the grant.
func (c *sharedLogins) giveBack(ctx context.Context, stake *grantUse, grant auth.Grant) (last bool) {
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
