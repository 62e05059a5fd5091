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
	// maxBody is how much of an answer is read; the largest catalogs have some hundred kilobytes.
	maxBody     = 8 << 20
	dialTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
	idlePerHost = 16
)

// newClient returns a client that follows no redirects, since they would carry the password to
// another place, and that reads no endless answers.
func newClient(tlsConfig *tls.Config) *http.Client {
	return &http.Client{
		Transport: limited{&http.Transport{
			Proxy:                  nil, // the program's environment is clean, and a login takes no detours
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

// limited bounds the bodies of answers.
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

// ParseURL returns the http or https URL in text, or an error that says what to write instead.
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

// ForwardedFor is the value of the X-Forwarded-For header for a client, empty where its address is
// not known.
func ForwardedFor(remote netip.AddrPort) string {
	if !remote.IsValid() {
		return ""
	}
	return remote.Addr().Unmap().WithZone("").String()
}
