package swifttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// acceptsJSON reports whether the client accepts results in JSON.
func acceptsJSON(r *request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

// bulkResult is the result of a bulk delete.
type bulkResult struct {
	deleted, missing int
	errors           [][2]string // name and status
	refused          string      // the status line, if the whole request was refused
	reason           string
}

// add counts the deletion of one name.
func (b *bulkResult) add(name string, err error) {
	f, ok := errors.AsType[*failure](err)
	switch {
	case err == nil:
		b.deleted++
	case ok && f.status == http.StatusNotFound:
		b.missing++
	case ok:
		b.fail(name, f.Error())
	default:
		b.fail(name, "500 Internal Error")
	}
}

func (b *bulkResult) fail(name, status string) {
	b.errors = append(b.errors, [2]string{(&url.URL{Path: name}).EscapedPath(), status})
}

// write answers with status 200 in any case. The actual status is in the body.
func (b *bulkResult) write(w http.ResponseWriter, r *request) error {
	status, text := "200 OK", ""
	switch {
	case b.refused != "":
		status, text = b.refused, b.reason
	case len(b.errors) > 0:
		status = "400 Bad Request"
	case b.deleted+b.missing == 0:
		status, text = "400 Bad Request", "Invalid bulk delete."
	}
	var out []byte
	if acceptsJSON(r) {
		w.Header().Set("Content-Type", "application/json")
		if b.errors == nil {
			b.errors = [][2]string{}
		}
		var err error
		if out, err = json.Marshal(map[string]any{
			"Response Status": status, "Response Body": text,
			"Number Deleted": b.deleted, "Number Not Found": b.missing, "Errors": b.errors,
		}); err != nil {
			return err
		}
	} else {
		w.Header().Set("Content-Type", plainType)
		out = fmt.Appendf(nil, "Number Deleted: %d\nNumber Not Found: %d\nResponse Body: %s\nResponse Status: %s\nErrors:\n",
			b.deleted, b.missing, text, status)
		for _, e := range b.errors {
			out = fmt.Appendf(out, "%s, %s\n", e[0], e[1])
		}
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(out)
	return err
}

// bulkDelete deletes the objects and containers in the request body, one name in each line, escaped
// as in a URL. It deletes objects first.
func (s *Server) bulkDelete(w http.ResponseWriter, r *request) error {
	var result bulkResult
	if t := r.Header.Get("Content-Type"); t != "" && !strings.HasPrefix(t, plainType) {
		result.refused, result.reason = "406 Not Acceptable", page(http.StatusNotAcceptable)
		return result.write(w, r)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return refuse(statusClientGone)
	}
	var names []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if name, err := url.PathUnescape(line); err == nil {
			line = name
		}
		names = append(names, line)
	}
	if len(names) > s.limits.MaxDeletes {
		result.refused = "413 Request Entity Too Large"
		result.reason = fmt.Sprintf("Maximum Bulk Deletes: %d per request", s.limits.MaxDeletes)
		return result.write(w, r)
	}
	for _, objects := range []bool{true, false} {
		for _, name := range names {
			if strings.Contains(strings.Trim(name, "/"), "/") != objects {
				continue
			}
			containerName, objectName := place(name)
			switch {
			case !validName(name):
				result.fail(name, "412 Precondition Failed")
			case objects:
				err := s.mayWrite(r.visitor(), containerName)
				if err == nil {
					err = s.removeObject(r.account, containerName, objectName)
				}
				result.add(name, err)
			case !r.visitor().owns():
				result.add(name, refuse(http.StatusForbidden))
			default:
				result.add(name, s.removeContainer(r.account, containerName))
			}
		}
	}
	return result.write(w, r)
}
