package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"

	"filegate/core/auth"
)

const (
	// maxAnswers is the maximum number of bytes that a server may send for one login. The answers
	// for a user in thousands of groups have some hundred kilobytes.
	maxAnswers  = 1 << 20
	dialTimeout = 5 * time.Second
)

// errTooMuch is the read error after maxAnswers bytes. It ends the connection.
var errTooMuch = fmt.Errorf("the server has sent more than %d bytes for one login", maxAnswers)

// meter is a connection that limits the bytes that are read from it.
type meter struct {
	net.Conn
	left atomic.Int64
}

func (m *meter) Read(p []byte) (int, error) {
	if m.left.Load() <= 0 {
		return 0, errTooMuch
	}
	n, err := m.Conn.Read(p)
	m.left.Add(int64(-n))
	return n, err
}

// conn is a connection to a server. One login uses it at a time.
type conn struct {
	server *server
	raw    *meter
	ldap   *ldap.Conn
	bound  binding
	used   time.Time // end of the last login on it
}

// binding is the account that a connection is bound to.
type binding int

const (
	boundAnonymous binding = iota // the state of a new connection
	boundService
	boundUser // a user, or unknown after an error
)

// dial connects to a server, with ldaps or StartTLS if the server is configured for it.
func dial(ctx context.Context, s *server, tlsConfig *tls.Config) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, &lostError{err}
	}
	c := &conn{server: s, raw: &meter{Conn: raw}}
	own := tlsConfig.Clone()
	own.ServerName = s.host
	err = c.within(ctx, func() error {
		if s.tls {
			encrypted := tls.Client(c.raw, own)
			if err := encrypted.HandshakeContext(ctx); err != nil {
				return fmt.Errorf("TLS with %s: %w", s.url, err)
			}
			c.ldap = ldap.NewConn(encrypted, true)
			c.ldap.Start()
			return nil
		}
		c.ldap = ldap.NewConn(c.raw, false)
		c.ldap.Start()
		if !s.startTLS {
			return nil
		}
		if err := c.ldap.StartTLS(own); err != nil {
			return fmt.Errorf("StartTLS with %s: %s", s.url, printable(err.Error()))
		}
		if _, ok := c.ldap.TLSConnectionState(); !ok {
			return fmt.Errorf("StartTLS with %s: the connection is not encrypted", s.url)
		}
		return nil
	})
	if err != nil {
		c.close()
		return nil, &lostError{err}
	}
	return c, nil
}

// within calls do, and ends the connection if the context ends before do returns.
func (c *conn) within(ctx context.Context, do func() error) error {
	c.raw.left.Store(maxAnswers)
	expired := func() { _ = c.raw.SetDeadline(time.Unix(1, 0)) }
	stop := context.AfterFunc(ctx, expired)
	err := do()
	if !stop() {
		return &lostError{fmt.Errorf("%s: %w", c.server.url, errors.Join(context.Cause(ctx), err))}
	}
	return err
}

// usable reports whether the connection can be reused.
func (c *conn) usable() bool { return !c.ldap.IsClosing() }

func (c *conn) close() {
	_ = c.raw.Close() // first, so that closing the LDAP connection does not wait for the server
	if c.ldap != nil {
		_ = c.ldap.Close()
	}
}

// bindUser checks a password. It binds the connection to the user.
func (c *conn) bindUser(dn string, password auth.Secret) error {
	if dn == "" || password == "" {
		return fmt.Errorf("a bind without a name or a password proves nothing: %w", auth.ErrDenied)
	}
	c.bound = boundUser
	result, err := c.ldap.SimpleBind(ldap.NewSimpleBindRequest(dn, password.Reveal(), []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}))
	if err := failed(fmt.Sprintf("bind as %q", dn), true, err); err != nil {
		return err
	}
	for _, control := range result.Controls {
		if policy, ok := control.(*ldap.ControlBeheraPasswordPolicy); ok && policy.Error == mustChange {
			return &auth.Error{Kind: auth.ErrDenied, Text: "The password must be changed first.", Err: fmt.Errorf("bind as %q: the password was reset, and must be changed", dn)}
		}
	}
	return nil
}

// mustChange is the error "changeAfterReset" of a password policy: the password is correct, but can
// only be used to change it.
const mustChange = 2

// bindService binds the connection to the service account, or anonymously if there is none.
func (c *conn) bindService(dn string, password auth.Secret) error {
	want := boundService
	if dn == "" {
		want = boundAnonymous
	}
	if c.bound == want {
		return nil
	}
	c.bound = boundUser // unknown until the bind succeeds
	var err error
	if dn == "" {
		// A server may refuse anonymous binds, although it answers searches without a bind. A new
		// connection needs no bind.
		if err = failed("anonymous bind", false, c.ldap.UnauthenticatedBind("")); err != nil {
			err = &lostError{err}
		}
	} else {
		err = failed(fmt.Sprintf("bind as %q, of bind_dn", dn), false, c.ldap.Bind(dn, password.Reveal()))
	}
	if err == nil {
		c.bound = want
	}
	return err
}

// search returns the matching entries, at most limit, and the references to other servers that may
// have more. If there are more entries, it also returns errTooMany. The result is never nil.
func (c *conn) search(doing, base string, scope int, filter string, limit int, attributes []string) (*ldap.SearchResult, error) {
	req := ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, limit, 0, false, filter, attributes, nil)
	req.EnforceSizeLimit = true
	result, err := c.ldap.Search(req)
	switch {
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject) && scope == ldap.ScopeBaseObject:
		return &ldap.SearchResult{}, nil
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultSizeLimitExceeded):
		return result, errTooMany
	case err != nil && errors.Is(err, ldap.ErrSizeLimitExceeded):
		c.close() // the rest of the answer may still arrive
		return result, errTooMany
	case err != nil:
		return &ldap.SearchResult{}, failed(doing, false, err)
	}
	return result, nil
}

// errTooMany is the error of a search with more matches than the limit.
var errTooMany = errors.New("there are more entries than were asked for")
