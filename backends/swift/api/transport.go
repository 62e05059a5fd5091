package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"time"
)

const (
	// expectFrom is the size of a body from which it is worth a round trip to hear first whether
	// Swift wants it.
	expectFrom = 1 << 20
	// expectWait is how long to wait for that word before sending all the same.
	expectWait = 5 * time.Second
	// ioBuffer is the size of a connection's buffers in bytes: large, since bodies are.
	ioBuffer = 128 << 10
)

// transport is the HTTP transport that all sessions of a backend share. It is an http.RoundTripper
// and nothing more: ncw/swift closes the idle connections of everything that lets it, which would
// be everybody's.
type transport struct {
	base   *http.Transport
	asking asking
}

func newTransport(c Config) (*transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case c.Insecure:
		config.InsecureSkipVerify = true //nolint:gosec // the operator asks for it, by that name
	case c.CAFile != "":
		pool, err := CertPool(c.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	d := newDialer(config)
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           d.dial,
		DialTLSContext:        d.dialTLS,
		TLSClientConfig:       config, // behind a proxy
		TLSHandshakeTimeout:   handshakeTimeout,
		ExpectContinueTimeout: expectWait,
		MaxIdleConns:          1024,
		MaxIdleConnsPerHost:   512,
		MaxConnsPerHost:       c.MaxConnections,
		IdleConnTimeout:       60 * time.Second, // Swift's own is 75 s
		WriteBufferSize:       ioBuffer,
		ReadBufferSize:        ioBuffer,
		// An object stored as gzip is to arrive as it is stored.
		DisableCompression: true,
	}
	return &transport{base: t}, nil
}

// exchange is what the client and the transport have to say to each other about one request, past
// ncw/swift.
type exchange struct {
	eager bool
	// fenced keeps the body back until the store asks for it, see fence.
	fenced bool
	// body is that of the answer. The one that ncw/swift hands out starts a goroutine for each
	// read.
	body io.ReadCloser
	// redirect is where the answer sends the request instead, which is not followed.
	redirect string
}

type exchangeKey struct{}

func withExchange(ctx context.Context, eager bool) (context.Context, *exchange) {
	e := &exchange{eager: eager}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// RoundTrip implements [http.RoundTripper]. ncw/swift asks "Expect: 100-continue" for every body;
// for a small one, and for one that will be taken in all likelihood, that is a round trip for
// nothing.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	way, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		way = &exchange{}
	}
	var held *fence
	switch fenced := way.fenced && !t.asking.never(req.URL.Host); {
	case fenced:
		held = newFence(req.Context(), req.URL.Host, &t.asking)
		req = req.Clone(httptrace.WithClientTrace(req.Context(), held.trace()))
		req.Body = &fencedBody{ReadCloser: req.Body, fence: held}
		if req.ContentLength == 0 {
			req.ContentLength = -1 // in chunks, of which the last can be kept back
		}
	case len(req.TransferEncoding) > 0: // of no bytes
		req = req.Clone(req.Context())
		req.Header.Del("Expect")
		req.TransferEncoding, req.Body = nil, http.NoBody
	case req.Header.Get("Expect") != "" && req.ContentLength >= 0 && (req.ContentLength < expectFrom || way.eager):
		req = req.Clone(req.Context())
		req.Header.Del("Expect")
	}
	resp, err := t.carry(req, held)
	if err != nil {
		return nil, err
	}
	if held != nil {
		held.done(resp.StatusCode)
	}
	way.body = resp.Body
	if resp.StatusCode >= http.StatusMultipleChoices && resp.StatusCode < http.StatusBadRequest {
		// Without its Location net/http does not follow a redirect: it would make GETs of DELETE,
		// COPY and POST, and could give the token to another host.
		way.redirect = resp.Header.Get("Location")
		resp.Header.Del("Location")
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		resp.Body = lateEOF{resp.Body}
	}
	return resp, nil
}

// maxSpoiled is how many spoiled connections one request may meet.
const maxSpoiled = 8

// carry makes the request on a connection on which nothing is left over.
func (t *transport) carry(req *http.Request, held *fence) (*http.Response, error) {
	if req.URL.Scheme == "https" && hasBody(req) && t.base.Proxy != nil {
		// Behind a proxy the wire carries TLS, and cannot see where an answer begins.
		if proxy, err := t.base.Proxy(req); err != nil || proxy != nil {
			req = req.Clone(req.Context())
			req.Close = true
		}
	}
	for tries := 1; ; tries++ {
		use := &wireUse{fence: held}
		out := req.WithContext(httptrace.WithClientTrace(req.Context(), use.trace(req)))
		if hasBody(req) {
			out.Body = &heldBody{ReadCloser: req.Body, use: use}
		}
		resp, err := t.base.RoundTrip(out)
		if !use.isRefused() {
			return resp, err
		}
		if err == nil {
			// What was left over on the connection: the answer to no request.
			resp.Body.Close()
			err = errSpoiled
		}
		if tries == maxSpoiled || req.Context().Err() != nil {
			if req.Body != nil {
				req.Body.Close()
			}
			return nil, err
		}
	}
}

// heldBody is a request's body that is neither read nor closed for a connection which is spoiled:
// another one will send it.
type heldBody struct {
	io.ReadCloser
	use *wireUse
}

func (b *heldBody) Read(p []byte) (int, error) {
	if b.use.isRefused() {
		return 0, errSpoiled
	}
	return b.ReadCloser.Read(p)
}

func (b *heldBody) Close() error {
	if b.use.isRefused() {
		return nil
	}
	return b.ReadCloser.Close()
}

// lateEOF tells of the end of a body by a read of its own: ncw/swift takes Swift's words for a
// refusal only then.
type lateEOF struct{ io.ReadCloser }

func (b lateEOF) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (t *transport) close() { t.base.CloseIdleConnections() }

// CertPool reads the certificates in a file, in PEM.
func CertPool(file string) (*x509.CertPool, error) {
	pem, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("the file holds no certificate in PEM form")
	}
	return pool, nil
}

func readPEM(file string) ([]byte, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the file: %w", err)
	}
	return pem, nil
}
