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

// answer is the way of one request through the server: it strikes with the faults, counts the
// bytes, marks the answer with an id, and enters it in the log.
type answer struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	entry   *Request    // changed with the log's lock held
	faults  []Fault     // that have not struck yet
	extra   http.Header // by faults
	status  int         // of the answer that has begun
	struck  *Fault      // whose answer takes the place of the true one
}

// errStruck is what reading a request's body gives when a fault answers instead.
var errStruck = errors.New("struck by a fault")

// begin takes up a request.
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
	r = r.WithContext(r.Context())
	r.Body = &requestBody{ReadCloser: r.Body, answer: a}
	a.request = r
	return a, r
}

// end closes the account of a request. It is deferred, so that it also sees those that are cut off.
func (a *answer) end() { a.note(func(e *Request) { e.Ended = time.Now() }) }

// note changes what the log tells of the request.
func (a *answer) note(change func(*Request)) {
	a.server.log.mu.Lock()
	defer a.server.log.mu.Unlock()
	change(a.entry)
}

// strike lets the faults of a moment happen, and reports whether one of them answers.
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

// happen does what a fault does before it answers, and reports whether anybody is left to answer
// to.
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

// cut ends the connection, with what has been written so far on its way.
func (a *answer) cut() {
	if a.status != 0 {
		_ = http.NewResponseController(a.ResponseWriter).Flush() // the connection ends in any case
	}
	if a.request.Header.Get("Expect") != "" && a.entry.In == 0 {
		// net/http would wait for the body, which a client may keep back.
		if conn, _, err := http.NewResponseController(a.ResponseWriter).Hijack(); err == nil {
			_ = conn.Close() // it is cut in any case
		}
	}
	panic(http.ErrAbortHandler)
}

// next returns how far a body may go until a fault of the given moment strikes.
func (a *answer) next(at Point) (bytes int64, ok bool) {
	for _, f := range a.faults {
		if f.At == at && (!ok || f.Bytes < bytes) {
			bytes, ok = f.Bytes, true
		}
	}
	return bytes, ok
}

// WriteHeader begins the answer, unless a fault gives another.
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
		for _, f := range a.faults { // of a later moment: their headers must go now
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
		_, _ = io.WriteString(a.ResponseWriter, a.struckBody()) // who is gone needs no answer
	}
	if a.struck != nil {
		a.drain()
	}
}

// drain takes what the client still sends of a body that was answered before its end. Where a
// connection ends with bytes that nobody has read, the kernel resets it, and the client may lose
// the answer.
func (a *answer) drain() {
	if a.request.Header.Get("Expect") != "" && a.entry.In == 0 {
		return // the client sends nothing before it is told to
	}
	_ = http.NewResponseController(a.ResponseWriter).Flush() // the answer is what makes the client stop
	if body, ok := a.request.Body.(*requestBody); ok {
		_, _ = io.Copy(io.Discard, body.ReadCloser) // ends with the body or with the client
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
		a.note(func(e *Request) { e.Out += int64(len(part)) }) // before the client can have it
		n, err := a.ResponseWriter.Write(part)
		written += n
		if err != nil {
			return written, err
		}
		if faulty && a.entry.Out >= at {
			_ = http.NewResponseController(a.ResponseWriter).Flush() // so that the client sees how far it came
			a.strikeAt(InAnswer, a.entry.Out)
			continue
		}
		if written == len(p) {
			return written, nil
		}
	}
}

// hold reads what the client sends of the body, as something on the way does that passes it on
// later. A client that is still waiting for "100 Continue" sends nothing.
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

// requestBody is the body of a request, as far as the faults let it through.
type requestBody struct {
	io.ReadCloser
	answer  *answer
	held    []byte // the rest of the body, where heldErr is set
	heldErr error  // what is behind it
}

// next reads from what was held up, or else from the client.
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
	if n > 0 && a.strikeAt(InRequest, a.entry.In) { // also when these bytes were the last
		return n, errStruck
	}
	return n, err
}

// transID makes an id of the form of Swift's.
func transID() string {
	var raw [11]byte
	_, _ = rand.Read(raw[:]) // never fails, by its documentation
	return fmt.Sprintf("tx%s-%010x", hex.EncodeToString(raw[:])[:21], time.Now().Unix())
}
