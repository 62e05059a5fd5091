// Package redis implements a cache in Redis servers, or servers that speak its protocol, which
// several gateways share.
//
// The servers are not trusted: see core/cache/seal. What is the same for all caches on servers is in
// core/cache/remote. Several servers are independent of each other, and each has its share of the
// values. A server may have replicas that are promoted behind a fixed address; writes that the
// replica has not got are lost as if they were evicted.
//
// # Decisions
//
// Redis Cluster and Sentinel are not supported. They would answer the same question as a list of
// servers, but keep two masters for some time when a network is split, and a gateway would connect
// to any address that a server names.
//
// The library's reader allocates what a server announces, and recurses for arrays in arrays. So
// every connection checks the answers before the library reads them: see [conn].
//
// A value is replaced by a script on the server, instead of WATCH, MULTI and EXEC, which need three
// requests on one connection.
//
// The suite is core/cache/cachetest. This package's tests run it against a fake server, and against
// Debian's redis-server. No other package imports redis/go-redis.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"filegate/core/cache/remote"
	"filegate/core/cache/seal"
)

// store is one Redis.
type store struct {
	client  *redis.Client
	timeout time.Duration
	// failures is the number of failures so far. Connections from before the last one are not used
	// again.
	failures atomic.Int64
}

var _ remote.Store = (*store)(nil)

const (
	// connections is the largest number of connections to a server.
	connections = 32
	// bufferSize is the size of the read and of the write buffer of a connection, in bytes.
	bufferSize = 16 << 10
	// maxIdle is after how long an unused connection is not used again.
	maxIdle = 5 * time.Minute
	// prefix is the beginning of all names, for access control lists, and for operators who share
	// a server with other programs.
	prefix = "filegate:"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer returns the function that connects, with TLS unless the configuration is nil.
func dialer(t *tls.Config) dialFunc {
	if t == nil {
		return (&net.Dialer{}).DialContext
	}
	return (&tls.Dialer{Config: t}).DialContext
}

func newStore(server string, c *Config, dial dialFunc) *store {
	logging.Disable() // it writes to standard error what it also returns; the setting is global
	s := &store{timeout: c.Timeout}
	s.client = redis.NewClient(&redis.Options{
		Network: remote.Network(server), Addr: server,
		Username: c.User, Password: c.Password.Reveal(),
		Protocol:        2,
		MaxRetries:      -1, // an update whose answer is lost may have been made
		DialerRetries:   1,
		DialTimeout:     c.Timeout,
		ReadTimeout:     2 * c.Timeout, // the deadline of the context comes first
		WriteTimeout:    2 * c.Timeout,
		PoolTimeout:     c.Timeout,
		PoolSize:        connections,
		MaxActiveConns:  connections,
		ConnMaxIdleTime: maxIdle,
		ReadBufferSize:  bufferSize, WriteBufferSize: bufferSize,
		PipelinePoolSize:         -1,
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			failures := s.failures.Load()
			nc, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &conn{Conn: nc, stale: func() bool { return s.failures.Load() != failures }}, nil
		},
	})
	return s
}

// do makes a request. A request on a connection from before a failure has sent nothing, and is
// repeated on another one. The caller's context does not end the request, because that would look
// like a failure of the server.
func (s *store) do(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	for range connections {
		err := request(ctx)
		if !errors.Is(err, errStale) {
			return problem(err)
		}
	}
	return errStale
}

// Get implements [remote.Store].
func (s *store) Get(ctx context.Context, names []string) (map[string]remote.Item, error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = prefix + name
	}
	var values []any
	err := s.do(ctx, func(ctx context.Context) (err error) {
		values, err = s.client.MGet(ctx, keys...).Result()
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(values) != len(names):
		return nil, errAnswer
	}
	items := map[string]remote.Item{}
	for i, value := range values {
		if text, ok := value.(string); ok {
			items[names[i]] = remote.Item{Box: []byte(text)}
		}
	}
	return items, nil
}

// Set implements [remote.Store].
func (s *store) Set(ctx context.Context, name string, box []byte, life time.Duration) error {
	return s.do(ctx, func(ctx context.Context) error {
		return s.client.Set(ctx, prefix+name, box, max(life, time.Millisecond)).Err()
	})
}

// replace is a script that stores ARGV[2] for ARGV[3] milliseconds, or deletes the value if ARGV[2]
// is empty, if the value still has ARGV[1] as its bytes up to number ARGV[4]. A missing value has
// no bytes. Two boxes never have the same first [seal.NonceSize] bytes.
const replace = `if redis.call('GETRANGE', KEYS[1], 0, ARGV[4]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`

// Replace implements [remote.Store].
func (s *store) Replace(ctx context.Context, name string, old *remote.Item, box []byte, life time.Duration) error {
	var begin []byte
	if old != nil {
		begin = old.Box[:min(len(old.Box), seal.NonceSize)]
	}
	var done int
	err := s.do(ctx, func(ctx context.Context) (err error) {
		done, err = s.client.Eval(ctx, replace, []string{prefix + name}, begin, box, max(life.Milliseconds(), 1), seal.NonceSize-1).Int()
		return err
	})
	if err == nil && done != 1 {
		return remote.ErrChanged
	}
	return err
}

// Delete implements [remote.Store].
func (s *store) Delete(ctx context.Context, name string) error {
	return s.do(ctx, func(ctx context.Context) error { return s.client.Del(ctx, prefix+name).Err() })
}

// Failed implements [remote.Store].
func (s *store) Failed() { s.failures.Add(1) }

// Close implements [remote.Store].
func (s *store) Close() error { return s.client.Close() }
