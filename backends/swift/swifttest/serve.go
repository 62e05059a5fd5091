package swifttest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"unicode/utf8"
)

// request is a parsed request to the storage.
type request struct {
	*http.Request
	query url.Values
	login login // of the client

	account, container, object string

	// stamp is when the request arrived, before its body, as in Swift's proxy server.
	stamp timestamp
}

func (r *request) visitor() visitor { return visitor{r.login, r.account} }

func (r *request) isBulkDelete(l Limits) bool {
	return r.query.Has("bulk-delete") && !l.NoBulkDelete && (r.Method == http.MethodPost || r.Method == http.MethodDelete)
}

// ServeHTTP implements [http.Handler]: storage, both auth services, /info and /healthcheck.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, r := s.begin(w, r)
	defer a.end()
	if a.strike(AtStart) {
		a.WriteHeader(0)
		return
	}
	err := s.route(a, r)
	var failed *failure
	switch {
	case err == nil:
	case errors.As(err, &failed):
		failed.write(a, r)
	case a.status != 0:
		// It is too late for an error: the client sees an incomplete body.
		a.cut()
	case errors.Is(err, errStruck):
		a.WriteHeader(0)
	default:
		s.cfg.Log.Error("swift request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		status := http.StatusInternalServerError
		if errors.Is(err, syscall.ENOSPC) {
			status = http.StatusInsufficientStorage
		}
		refuse(status).write(a, r)
	}
}

// route calls the handler of the service for a request.
func (s *Server) route(w http.ResponseWriter, r *http.Request) error {
	switch p := r.URL.Path; {
	case p == "/info":
		return s.serveInfo(w, r)
	case p == "/healthcheck":
		w.Header().Set("Content-Type", "text/plain")
		_, err := io.WriteString(w, "OK")
		return err
	case strings.HasPrefix(p, "/auth/"):
		return s.serveAuth(w, r)
	case p == "/v3" || strings.HasPrefix(p, "/v3/"):
		return s.serveKeystone3(w, r)
	case p == "/v2.0" || strings.HasPrefix(p, "/v2.0/"):
		return s.serveKeystone2(w, r)
	}
	return s.serveStorage(w, r)
}

// serveStorage handles requests to /v1/account/container/object.
func (s *Server) serveStorage(w http.ResponseWriter, r *http.Request) error {
	req := &request{Request: r, query: r.URL.Query(), stamp: s.clock.now()}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	var parts []string
	if ok {
		parts = strings.SplitN(rest, "/", 3)
	}
	var err error
	if req.login, err = s.tokens.check(r); err != nil {
		return err
	}
	if !ok || parts[0] == "" || (len(parts) == 3 && parts[1] == "" && parts[2] != "") {
		return refuseWith(http.StatusPreconditionFailed, htmlType, "Bad URL")
	}
	if !validName(r.URL.Path) {
		return refuseWith(http.StatusPreconditionFailed, htmlType, "Invalid UTF8 or contains NULL")
	}
	req.account = parts[0]
	if len(parts) > 1 {
		req.container = parts[1]
	}
	if len(parts) > 2 {
		req.object = parts[2]
	}
	if err := s.authorize(req); err != nil {
		return err
	}
	if err := s.checkCeph(req); err != nil {
		return err
	}
	if req.isBulkDelete(s.limits) {
		return s.bulkDelete(w, req)
	}
	switch {
	case req.object != "":
		return s.serveObject(w, req)
	case req.container != "":
		return s.serveContainer(w, req)
	}
	return s.serveAccount(w, req)
}

func validName(p string) bool { return utf8.ValidString(p) && !strings.ContainsRune(p, 0) }

// failure is an error answer.
type failure struct {
	status int
	header http.Header
	body   string
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s", f.status, http.StatusText(f.status)) }

const htmlType = "text/html; charset=UTF-8"

// refuse returns a failure with Swift's usual text for the status.
func refuse(status int) *failure {
	return refuseWith(status, htmlType, page(status))
}

// refuseWith returns a failure with another text.
func refuseWith(status int, contentType, text string) *failure {
	return &failure{status: status, header: http.Header{"Content-Type": {contentType}}, body: text}
}

func (f *failure) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	clear(h)
	for k, v := range f.header {
		h[k] = v
	}
	text := f.body
	if r.Method == http.MethodHead {
		text = ""
	}
	h.Set("Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, text) // an error means that the client is gone
}

// done answers a request with a status only.
func done(w http.ResponseWriter, status int) error {
	text := page(status)
	w.Header().Set("Content-Type", htmlType)
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(status)
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w, text)
	return err
}

// page returns Swift's text for a status.
func page(status int) string {
	title, text := http.StatusText(status), ""
	switch status {
	case http.StatusAccepted:
		text = "The request is accepted for processing."
	case http.StatusBadRequest:
		text = "The server could not comply with the request since it is either malformed or otherwise incorrect."
	case http.StatusUnauthorized:
		text = "This server could not verify that you are authorized to access the document you requested."
	case http.StatusForbidden:
		text = "Access was denied to this resource."
	case http.StatusNotFound:
		text = "The resource could not be found."
	case http.StatusMethodNotAllowed:
		text = "The method is not allowed for this resource."
	case http.StatusConflict:
		text = "There was a conflict when trying to complete your request."
	case http.StatusLengthRequired:
		text = "Content-Length header required."
	case http.StatusPreconditionFailed:
		text = "A precondition for this request was not met."
	case http.StatusRequestEntityTooLarge:
		text = "The body of your request was too large for this server."
	case http.StatusRequestedRangeNotSatisfiable:
		text = "The Range requested is not available."
	case http.StatusUnprocessableEntity:
		title, text = "Unprocessable Entity", "Unable to process the contained instructions"
	case statusClientGone:
		title, text = "Client Disconnect", "The client was disconnected during request."
	case http.StatusInternalServerError:
		title, text = "Internal Error", "The server has either erred or is incapable of performing the requested operation."
	case http.StatusServiceUnavailable:
		text = "The server is currently unavailable. Please try again at a later time."
	case http.StatusInsufficientStorage:
		text = "There was not enough space to save the resource."
	}
	if text == "" {
		return ""
	}
	return "<html><h1>" + title + "</h1><p>" + text + "</p></html>"
}

// statusClientGone is Swift's status for a request whose body was interrupted. Only the log shows
// it.
const statusClientGone = 499
