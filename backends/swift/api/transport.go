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
	// expectFrom is the size of a body from which it is worth a round trip to ask first whether
	// Swift will accept it.
	expectFrom = 1 << 20
	// expectWait is how long to wait for this answer before the body is sent anyway.
	expectWait = 5 * time.Second
	// ioBuffer is the size of a connection's buffers in bytes. It is large because bodies are.
	ioBuffer = 128 << 10
)

// transport is the HTTP transport that all sessions of a backend share. It implements only
// http.RoundTripper: if it had more methods, ncw/swift would close the idle connections of all
// sessions.
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
		TLSClientConfig:       config, // for connections through a proxy
		TLSHandshakeTimeout:   handshakeTimeout,
		ExpectContinueTimeout: expectWait,
		MaxIdleConns:          1024,
		MaxIdleConnsPerHost:   512,
		MaxConnsPerHost:       c.MaxConnections,
		IdleConnTimeout:       60 * time.Second, // Swift's own timeout is 75 s
		WriteBufferSize:       ioBuffer,
		ReadBufferSize:        ioBuffer,
		// An object that is stored as gzip must arrive unchanged.
		DisableCompression: true,
	}
	return &transport{base: t}, nil
}

// exchange passes data about one request between the client and the transport, because ncw/swift
// cannot.
type exchange struct {
	eager bool
	// fenced keeps back the body until the store requests it, see fence.
	fenced bool
	// body is the body of the answer. The body that ncw/swift returns starts a goroutine for each
	// read.
	body io.ReadCloser
	// redirect is the Location of the answer, which is not followed.
	redirect string
}

type exchangeKey struct{}

func withExchange(ctx context.Context, eager bool) (context.Context, *exchange) {
	e := &exchange{eager: eager}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// RoundTrip implements [http.RoundTripper]. ncw/swift sends "Expect: 100-continue" with every body.
// RoundTrip removes it for a body that is small, or that will very likely be accepted, to save a
// round trip.
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
			req.ContentLength = -1 // in chunks, so that the last one can be kept back
		}
	case len(req.TransferEncoding) > 0: // an empty body
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
		// Without a Location, net/http does not follow a redirect. It would turn DELETE, COPY and
		// POST into GET, and could send the token to another host.
		way.redirect = resp.Header.Get("Location")
		resp.Header.Del("Location")
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		resp.Body = lateEOF{resp.Body}
	}
	return resp, nil
}

// maxSpoiled is how many spoiled connections one request may try.
const maxSpoiled = 8

// carry makes the request on a connection without leftover data.
func (t *transport) carry(req *http.Request, held *fence) (*http.Response, error) {
	if req.URL.Scheme == "https" && hasBody(req) && t.base.Proxy != nil {
		// Behind a proxy the wire sees only encrypted data, and cannot find the beginning of an
		// answer.
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
			// Leftover data on the connection: an answer without a request.
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

// heldBody is a request's body that is neither read nor closed for a spoiled connection, so that
// another connection can send it.
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

// lateEOF returns the end of a body in a separate read. Only then does ncw/swift use the text of
// the answer as the error.
type lateEOF struct{ io.ReadCloser }

func (b lateEOF) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (t *transport) close() { t.base.CloseIdleConnections() }

// CertPool returns the certificates in a PEM file.
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
