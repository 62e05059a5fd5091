package swifttest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// answer is the answer to one request: it applies the faults, counts the bytes, adds the request
// id, and records the request.
type answer struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	entry   *Request    // protected by the mutex of the log
	faults  []Fault     // that have not been applied yet
	extra   http.Header // set by faults
	status  int         // of the answer; 0: not started
	struck  *Fault      // the fault that answers instead, if any
}

// errStruck is the error of a read from the request body when a fault answers instead.
var errStruck = errors.New("struck by a fault")

// begin starts to handle a request.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) (*answer, *http.Request) {
	op, container, object := OpOf(r)
	a := &answer{
		ResponseWriter: w,
		server:         s,
		entry: &Request{
			Op: op, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Container: container, Object: object,
			Header: r.Header.Clone(), Began: time.Now(),
		},
		faults: s.faults.striking(r),
		extra:  http.Header{},
	}
	if s.cfg.Record {
		s.log.mu.Lock()
		s.log.all = append(s.log.all, a.entry)
		s.log.mu.Unlock()
	}
	if s.cfg.Ahead != 0 {
		w.Header().Set("Date", s.clock.wall().UTC().Format(http.TimeFormat))
	}
	r = r.WithContext(r.Context())
	r.Body = &requestBody{ReadCloser: r.Body, answer: a}
	a.request = r
	return a, r
}

// end records the end of a request. It is deferred, so that it also runs for connections that are
// cut.
func (a *answer) end() { a.note(func(e *Request) { e.Ended = time.Now() }) }

// note changes the record of the request.
func (a *answer) note(change func(*Request)) {
	a.server.log.mu.Lock()
	defer a.server.log.mu.Unlock()
	change(a.entry)
}

// strike applies the faults at a point, and reports whether one of them answers.
func (a *answer) strike(at Point) bool {
	return a.strikeAt(at, 0)
}

func (a *answer) strikeAt(at Point, passed int64) bool {
	for i := 0; i < len(a.faults); {
		f := a.faults[i]
		if f.At != at || f.Bytes > passed {
			i++
			continue
		}
		a.faults = slices.Delete(a.faults, i, i+1)
		ctx := a.request.Context()
		if f.Late {
			ctx = context.WithoutCancel(ctx)
			a.hold(at)
		}
		if !f.happen(ctx, a.server.closing) || f.Cut {
			a.cut()
		}
		if f.Status != 0 && a.struck == nil && a.status == 0 {
			a.struck = &f
		} else if a.status == 0 {
			maps.Copy(a.extra, f.Header)
		}
	}
	return a.struck != nil
}

// happen calls the function of a fault and waits for its delays. It returns false if the client is
// gone or the server is closed.
func (f *Fault) happen(ctx context.Context, closing <-chan struct{}) bool {
	if f.Call != nil {
		f.Call()
	}
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		case <-closing:
			return false
		}
	}
	if f.Stall != nil {
		select {
		case <-f.Stall:
		case <-ctx.Done():
			return false
		case <-closing:
			return false
		}
	}
	return true
}

// cut closes the connection after sending the data that has been written so far.
func (a *answer) cut() {
	if a.status != 0 {
		// The connection is closed in any case.
		_ = http.NewResponseController(a.ResponseWriter).Flush()
	}
	if a.request.Header.Get("Expect") != "" && a.entry.In == 0 {
		// net/http would wait for the body, which the client may never send.
		if conn, _, err := http.NewResponseController(a.ResponseWriter).Hijack(); err == nil {
			_ = conn.Close() // the connection is closed in any case
		}
	}
	panic(http.ErrAbortHandler)
}

// next returns the position in a body of the next fault at the given point.
func (a *answer) next(at Point) (bytes int64, ok bool) {
	for _, f := range a.faults {
		if f.At == at && (!ok || f.Bytes < bytes) {
			bytes, ok = f.Bytes, true
		}
	}
	return bytes, ok
}

// WriteHeader starts the answer, unless a fault answers instead.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	if a.struck == nil {
		a.strike(AtAnswer)
	}
	h := a.Header()
	if a.struck != nil {
		status = a.struck.Status
		clear(h)
		h.Set("Content-Type", htmlType)
		maps.Copy(h, a.struck.Header)
		h.Set("Content-Length", fmt.Sprint(len(a.struckBody())))
	} else {
		// Faults at later points set their headers now.
		for _, f := range a.faults {
			maps.Copy(a.extra, f.Header)
		}
		maps.Copy(h, a.extra)
	}
	id := transID()
	if a.server.limits.Ceph {
		id = cephTransID(id)
	}
	h.Set("X-Trans-Id", id)
	h.Set("X-Openstack-Request-Id", id)
	a.status = status
	a.note(func(e *Request) { e.Status = status })
	a.ResponseWriter.WriteHeader(status)
	if a.struck != nil && a.request.Method != http.MethodHead {
		// An error means that the client is gone.
		_, _ = io.WriteString(a.ResponseWriter, a.struckBody())
	}
	if a.struck != nil {
		a.drain()
	}
}

// drain reads the rest of a request body after an early answer. If a connection is closed with
// unread data, the kernel resets it, and the client may lose the answer.
func (a *answer) drain() {
	if a.request.Header.Get("Expect") != "" && a.entry.In == 0 {
		return // the client sends nothing before "100 Continue"
	}
	// The answer makes the client stop sending.
	_ = http.NewResponseController(a.ResponseWriter).Flush()
	if body, ok := a.request.Body.(*requestBody); ok {
		_, _ = io.Copy(io.Discard, body.ReadCloser) // ends with the body or the connection
	}
}

func (a *answer) struckBody() string {
	if a.struck.Body != "" {
		return a.struck.Body
	}
	return page(a.struck.Status)
}

// Write sends a part of the answer's body.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.struck != nil {
		return len(p), nil
	}
	written := 0
	for {
		part := p[written:]
		at, faulty := a.next(InAnswer)
		if faulty {
			part = part[:min(int64(len(part)), max(at-a.entry.Out, 0))]
		}
		// Before the client can receive it.
		a.note(func(e *Request) { e.Out += int64(len(part)) })
		n, err := a.ResponseWriter.Write(part)
		written += n
		if err != nil {
			return written, err
		}
		if faulty && a.entry.Out >= at {
			// So that the client receives the data before the fault.
			_ = http.NewResponseController(a.ResponseWriter).Flush()
			a.strikeAt(InAnswer, a.entry.Out)
			continue
		}
		if written == len(p) {
			return written, nil
		}
	}
}

// hold reads the whole body from the client, like a proxy that forwards it later. A client that
// waits for "100 Continue" sends nothing.
func (a *answer) hold(at Point) {
	body, ok := a.request.Body.(*requestBody)
	if !ok || at == AtStart && a.request.Header.Get("Expect") != "" {
		return
	}
	held, err := io.ReadAll(body.ReadCloser)
	if err == nil {
		err = io.EOF
	}
	body.held, body.heldErr = held, err
}

// requestBody is the body of a request with the faults applied.
type requestBody struct {
	io.ReadCloser
	answer  *answer
	held    []byte // the rest of the body, if heldErr is set
	heldErr error  // the error after held
}

// next reads from held or, if nothing is held, from the client.
func (b *requestBody) next(p []byte) (int, error) {
	if b.heldErr == nil {
		return b.ReadCloser.Read(p)
	}
	n := copy(p, b.held)
	if b.held = b.held[n:]; n == 0 && len(p) > 0 {
		return 0, b.heldErr
	}
	return n, nil
}

func (b *requestBody) Read(p []byte) (int, error) {
	a := b.answer
	if a.strikeAt(InRequest, a.entry.In) {
		return 0, errStruck
	}
	if at, faulty := a.next(InRequest); faulty {
		p = p[:min(int64(len(p)), at-a.entry.In)]
	}
	n, err := b.next(p)
	a.note(func(e *Request) { e.In += int64(n) })
	if n > 0 && a.strikeAt(InRequest, a.entry.In) { // also after the last bytes
		return n, errStruck
	}
	return n, err
}

// transID returns a new id in the form of Swift's.
func transID() string {
	var raw [11]byte
	_, _ = rand.Read(raw[:]) // never fails, according to its documentation
	return fmt.Sprintf("tx%s-%010x", hex.EncodeToString(raw[:])[:21], time.Now().Unix())
}
