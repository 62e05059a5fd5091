package api

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
)

// errSpoiled is the error of a connection that may have leftover bytes of an earlier request.
var errSpoiled = errors.New("the connection to the store is out of step")

// wire is one connection to the store. It becomes spoiled, and is not used for further requests,
// when the two sides may disagree about the end of a request or an answer. Otherwise the store
// could take the rest of a body for the next request, or the client could take the rest of an
// answer for the next answer. Both may belong to another login.
type wire struct {
	net.Conn
	buffers *sync.Pool

	mu      sync.Mutex
	used    bool   // begin has been called: the data is unencrypted HTTP
	written bool   // a part of the current request has been sent
	body    bool   // the current request has a body
	fence   *fence // the fence that keeps back the body, or nil
	spoiled bool
	answer  answerScan
}

// begin starts a request, and reports whether the connection can be used for it.
func (w *wire) begin(method string, body bool, held *fence) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.used && !w.answer.done() {
		w.spoiled = true
	}
	if w.spoiled {
		return false
	}
	w.used, w.written, w.body, w.fence = true, false, body, held
	w.answer = answerScan{method: method}
	return true
}

// closeSpoiled closes the connection if it must not be used again.
func (w *wire) closeSpoiled() {
	w.mu.Lock()
	spoiled := w.spoiled
	w.mu.Unlock()
	if spoiled {
		w.Close()
	}
}

// Read implements [net.Conn].
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.used || n == 0 {
		return n, err
	}
	if !w.written {
		// An answer without a request.
		w.spoiled = true
		return 0, errSpoiled
	}
	inStep := w.answer.feed(p[:n])
	if w.fence != nil && w.answer.status != 0 {
		w.fence.answers()
	}
	if !inStep || (w.body && w.answer.status != 0 && (w.answer.status >= http.StatusMultipleChoices || w.fence != nil && w.fence.isShut())) {
		// A store that refuses a request may not have read its body, and one that has not requested
		// the body has not.
		w.spoiled = true
	}
	return n, err
}

// Write implements [net.Conn]. If the answer arrives before the end of the request, Write drops the
// rest. If it returned an error, the HTTP transport would drop the answer.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	switch {
	case !w.used:
	case w.answer.status != 0:
		w.spoiled = true
		w.mu.Unlock()
		return len(p), nil
	case w.spoiled:
		w.mu.Unlock()
		return 0, errSpoiled
	default:
		w.written = true
	}
	w.mu.Unlock()
	return w.Conn.Write(p)
}

// wireUse is the use of connections by one request.
type wireUse struct {
	fence   *fence
	mu      sync.Mutex
	wire    *wire
	refused bool // the connection was spoiled before the request began, so nothing was sent
}

func (u *wireUse) isRefused() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refused
}

// trace returns the hooks through which the HTTP transport reports the connection for req.
func (u *wireUse) trace(req *http.Request) *httptrace.ClientTrace {
	body := hasBody(req)
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			w, ok := info.Conn.(*wire)
			refused := ok && !w.begin(req.Method, body, u.fence)
			u.mu.Lock()
			u.wire, u.refused = w, refused
			u.mu.Unlock()
		},
		PutIdleConn: func(error) {
			u.mu.Lock()
			w := u.wire
			u.mu.Unlock()
			if w != nil {
				w.closeSpoiled()
			}
		},
	}
}

func hasBody(req *http.Request) bool {
	return req.Body != nil && req.Body != http.NoBody && req.ContentLength != 0
}

// answerScan follows the bytes of an answer to find its end.
type answerScan struct {
	method string
	status int // of the final answer; 0 before its head is complete
	phase  answerPhase
	line   []byte // the incomplete head, or the incomplete line in a chunked body
	left   int64  // bytes left of the body or of the chunk
}

type answerPhase int

const (
	answerHead answerPhase = iota
	answerBody
	answerChunkSize
	answerChunk
	answerChunkEnd
	answerTrailer
	answerDone
	answerLost // the answer ends with the connection, or cannot be followed
)

const (
	// maxScannedHead is the longest head that can be followed, in bytes.
	maxScannedHead = 256 << 10
	// maxScannedLine is the longest line between chunks that can be followed, in bytes.
	maxScannedLine = 4 << 10
)

func (a *answerScan) done() bool { return a.phase == answerDone }

// feed processes p, and reports whether all of it belongs to the answer.
func (a *answerScan) feed(p []byte) bool {
	for len(p) > 0 {
		switch a.phase {
		case answerHead:
			p = a.feedHead(p)
		case answerBody, answerChunk:
			n := min(a.left, int64(len(p)))
			p = p[n:]
			if a.left -= n; a.left > 0 {
				break
			}
			if a.phase == answerChunk {
				a.phase = answerChunkEnd
			} else {
				a.phase = answerDone
			}
		case answerChunkSize, answerChunkEnd, answerTrailer:
			p = a.feedLine(p)
		case answerDone:
			return false
		case answerLost:
			return true // begin will refuse the connection
		}
	}
	return true
}

// feedHead processes the head in p, and returns the rest of p.
func (a *answerScan) feedHead(p []byte) []byte {
	for i, c := range p {
		if c != '\n' {
			continue
		}
		// The end may have begun in an earlier p.
		tail := append(a.line[max(0, len(a.line)-2):len(a.line):len(a.line)], p[max(0, i-2):i+1]...)
		if !endsHead(tail) {
			continue
		}
		head := p[:i+1]
		if len(a.line) > 0 {
			head = append(a.line, head...)
			a.line = nil
		}
		a.head(head)
		return p[i+1:]
	}
	if len(a.line)+len(p) > maxScannedHead {
		a.phase = answerLost
		return nil
	}
	a.line = append(a.line, p...)
	return nil
}

func endsHead(b []byte) bool {
	return bytes.HasSuffix(b, []byte("\n\r\n")) || bytes.HasSuffix(b, []byte("\n\n"))
}

// head parses the head of an answer, as the HTTP transport does.
func (a *answerScan) head(b []byte) {
	resp, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(b), 512), &http.Request{Method: a.method})
	if err != nil {
		a.phase = answerLost
		return
	}
	resp.Body.Close()
	if resp.StatusCode < http.StatusOK && resp.StatusCode != http.StatusSwitchingProtocols {
		return // the final answer follows
	}
	a.status = resp.StatusCode
	switch {
	case a.method == http.MethodHead, a.status == http.StatusNoContent, a.status == http.StatusNotModified, resp.ContentLength == 0:
		a.phase = answerDone
	case len(resp.TransferEncoding) > 0:
		a.phase = answerChunkSize
	case resp.ContentLength > 0:
		a.phase, a.left = answerBody, resp.ContentLength
	default:
		a.phase = answerLost
	}
}

// feedLine processes a line between chunks in p, and returns the rest of p.
func (a *answerScan) feedLine(p []byte) []byte {
	i := bytes.IndexByte(p, '\n')
	end := i
	if end < 0 {
		end = len(p)
	}
	if len(a.line)+end > maxScannedLine {
		a.phase = answerLost
		return nil
	}
	if i < 0 {
		a.line = append(a.line, p...)
		return nil
	}
	line := strings.TrimRight(string(a.line)+string(p[:i]), " \t\r")
	a.line = nil
	switch a.phase {
	case answerChunkEnd:
		a.phase = answerChunkSize
		if line != "" {
			a.phase = answerLost
		}
	case answerTrailer:
		if line == "" {
			a.phase = answerDone
		}
	default:
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 64)
		switch {
		case err != nil || n < 0:
			a.phase = answerLost
		case n == 0:
			a.phase = answerTrailer
		default:
			a.phase, a.left = answerChunk, n
		}
	}
	return p[i+1:]
}
