package upstream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	// maxBody is the maximum number of bytes that are read of an answer; the largest catalogs have
	// some hundred kilobytes.
	maxBody     = 8 << 20
	dialTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
	idlePerHost = 16
)

// newClient returns a client that limits the size of answers. It follows no redirects, because they
// would send the password to another server.
func newClient(tlsConfig *tls.Config) *http.Client {
	return &http.Client{
		Transport: limited{&http.Transport{
			// The program has no proxy settings in its environment, and logins must not go through
			// a proxy.
			Proxy:                  nil,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:        tlsConfig,
			TLSHandshakeTimeout:    dialTimeout,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: 1 << 20,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// limited limits the size of answers.
type limited struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.Transport.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxBody), resp.Body}
	}
	return resp, err
}

// ParseURL parses an http or https URL. Its error says what to write instead.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is no http or https URL: write one like https://cloud.example.net/…", text)
	}
	if u.User != nil {
		return nil, errors.New("the URL has a user in it: logins bring their own, leave it out")
	}
	return u, nil
}

// ForwardedFor returns the value of the X-Forwarded-For header for a client, or "" if its address
// is unknown.
func ForwardedFor(remote netip.AddrPort) string {
	if !remote.IsValid() {
		return ""
	}
	return remote.Addr().Unmap().WithZone("").String()
}
