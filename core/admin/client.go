package admin

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Client makes requests to a [Server].
type Client struct {
	base  string
	token string
	http  *http.Client
}

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 64 << 20

// Dial returns a client for an address: the path of a unix socket, "host:port", or an https URL.
// roots are the certificates that may sign the server's certificate; nil means those of the system.
// Dial does not connect.
func Dial(addr, token string, roots *x509.CertPool) *Client {
	c := &Client{token: token}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	switch {
	case strings.HasPrefix(addr, "https://"), strings.HasPrefix(addr, "http://"):
		c.base = strings.TrimSuffix(addr, "/")
	case strings.Contains(addr, "/"):
		c.base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", addr)
		}
	default:
		c.base = "http://" + addr
	}
	// It follows no redirects: only the named server may answer.
	c.http = &http.Client{Transport: transport, Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

// Refused is the error for a request that the server refuses.
type Refused struct {
	Status int
	Text   string
}

// Error implements error.
func (r *Refused) Error() string { return r.Text }

// Mistakes returns the mistakes in the configuration if err is about a reload that failed because
// of them.
func Mistakes(err error) (text string, ok bool) {
	r, ok := errors.AsType[*Refused](err)
	if !ok || r.Status != http.StatusUnprocessableEntity {
		return "", false
	}
	return r.Text, true
}

func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op
		}
		return fmt.Errorf("no gateway answers: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer was cut off: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return &Refused{resp.StatusCode, strings.TrimSpace(string(text))}
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the answer is not one of filegate's: %w", err)
	}
	return nil
}

// Status returns the state of the gateway.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	err = c.do(ctx, http.MethodGet, "/api/v1/status", nil, &s)
	return s, err
}

// Sessions returns the sessions.
func (c *Client) Sessions(ctx context.Context) (all []Session, err error) {
	err = c.do(ctx, http.MethodGet, "/api/v1/sessions", nil, &all)
	return all, err
}

// Transfers returns the open files.
func (c *Client) Transfers(ctx context.Context) (all []Transfer, err error) {
	err = c.do(ctx, http.MethodGet, "/api/v1/transfers", nil, &all)
	return all, err
}

// Bans returns the bans in force.
func (c *Client) Bans(ctx context.Context) (all []Ban, err error) {
	err = c.do(ctx, http.MethodGet, "/api/v1/bans", nil, &all)
	return all, err
}

// Kick ends sessions and returns their number.
func (c *Client) Kick(ctx context.Context, k Kick) (int, error) {
	var done Kicked
	err := c.do(ctx, http.MethodPost, "/api/v1/kick", k, &done)
	return done.Sessions, err
}

// SetBan adds or lifts a ban, and returns the bans that are then in force.
func (c *Client) SetBan(ctx context.Context, b SetBan) (all []Ban, err error) {
	err = c.do(ctx, http.MethodPost, "/api/v1/bans", b, &all)
	return all, err
}

// Reload makes the gateway reload its configuration, and returns the messages about it.
func (c *Client) Reload(ctx context.Context) ([]string, error) {
	var done Reloaded
	err := c.do(ctx, http.MethodPost, "/api/v1/reload", struct{}{}, &done)
	return done.Told, err
}

// Upgrade makes a new process replace the gateway's process, and returns the messages about it.
func (c *Client) Upgrade(ctx context.Context) ([]string, error) {
	var done Reloaded
	err := c.do(ctx, http.MethodPost, "/api/v1/upgrade", struct{}{}, &done)
	return done.Told, err
}
