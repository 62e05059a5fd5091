// Package audit writes the audit log: one line of JSON for each login, transfer, change, and
// refused operation.
//
// Event hooks get the same [Record], so that both report the same. Package core/gateway, which sees
// logins and operations, decides the contents of a record. This package defines its form and writes
// it.
//
// # Decisions
//
// The audit log is separate from the log. Lines of the log are for people, and their words may
// change. A record has fixed keys, is written at every log level, and contains only what a client
// did.
//
// A record that cannot be written does not stop the operation, because the file is already stored.
// The failure is counted and logged.
package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Record describes one action of a client, or an attempt. Fields that do not apply are omitted.
type Record struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`  // login, logout, or an operation: upload, download, mkdir, remove, rmdir, rename, copy, setattrs, truncate, symlink, …
	Result  string    `json:"result"` // ok, or why not in a word, as in the metrics
	Session string    `json:"session"`
	User    string    `json:"user"` // as the authenticator calls him; of a failed login as the client does
	Service string    `json:"service"`
	Remote  string    `json:"remote,omitempty"`
	Method  string    `json:"method,omitempty"`  // of a login
	Auth    string    `json:"auth,omitempty"`    // the authenticator that let the user in
	Account string    `json:"account,omitempty"` // of a login: the storage URL
	Home    string    `json:"home,omitempty"`    // where paths begin in the store, if that is not its root
	Path    string    `json:"path,omitempty"`    // as the client sees it
	Target  string    `json:"target,omitempty"`  // of a rename, a copy or a link
	// Place and TargetPlace are where Path and Target lead in the whole store, if links lead them
	// elsewhere than to Home and the name. They are known in records for a hook that is asked before,
	// and in those of users with a home directory or rules.
	Place       string `json:"place,omitempty"`
	TargetPlace string `json:"target_place,omitempty"`
	// Changes are the new values: of setattrs mode, mtime, atime, uid, gid, expires and meta.KEY (an
	// empty value removes the key); of tempurl method and until; of truncate size; of restore version;
	// of acl read and write.
	Changes  map[string]string `json:"changes,omitempty"`
	Bytes    *int64            `json:"bytes,omitempty"` // of a transfer
	In       *int64            `json:"in,omitempty"`    // of a logout: bytes that came from the client
	Out      *int64            `json:"out,omitempty"`   // and went to it
	MD5      string            `json:"md5,omitempty"`   // of the whole file, as far as it is known
	SHA256   string            `json:"sha256,omitempty"`
	Seconds  float64           `json:"seconds"`             // how long it took; of a logout the session
	Error    string            `json:"error,omitempty"`     // for people
	TransIDs []string          `json:"trans_ids,omitempty"` // of the store's latest requests for it
}

// maxText bounds the texts of a record that others have chosen, in bytes.
const maxText = 4096

// Line returns the record as one line of JSON, including the newline. Control characters are
// escaped.
func (r Record) Line() []byte {
	for _, s := range []*string{&r.User, &r.Path, &r.Target, &r.Error, &r.Home, &r.Account, &r.Place, &r.TargetPlace} {
		*s = cut(*s)
	}
	r.Changes = cutChanges(r.Changes)
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil { // no type in it can fail
		return nil
	}
	return escapeC1(out.Bytes())
}

// cut shortens a text to the limit.
func cut(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

// cutChanges shortens changes so that all together obey the limit, too. Changes for which no space
// is left are replaced by their number, with the key "…".
func cutChanges(all map[string]string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	short, left := make(map[string]string, len(all)), maxText
	keys := slices.Sorted(maps.Keys(all))
	for i, key := range keys {
		value := cut(all[key])
		if left -= len(key) + len(value); left < 0 && i > 0 || len(key) > maxText {
			short["…"] = fmt.Sprintf("%d more", len(keys)-i)
			break
		}
		short[key] = value
	}
	return short
}

// escapeC1 escapes the control characters that JSON leaves as they are, and that terminals obey.
func escapeC1(line []byte) []byte {
	if !bytes.ContainsFunc(line[:len(line)-1], unicode.IsControl) {
		return line
	}
	out := make([]byte, 0, len(line)+16)
	for _, r := range string(line[:len(line)-1]) {
		if unicode.IsControl(r) {
			const hex = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', hex[r>>4&15], hex[r&15])
			continue
		}
		out = append(out, string(r)...)
	}
	return append(out, '\n')
}

// Log writes records. It is safe for concurrent use. The nil Log writes none.
type Log struct {
	failed func(error)

	mu  sync.Mutex
	out io.Writer
}

// New returns a log that writes each record to out with one call of Write. It calls failed for each
// record that could not be written; failed must return at once.
func New(out io.Writer, failed func(error)) *Log { return &Log{out: out, failed: failed} }

// Write writes a record.
func (l *Log) Write(r Record) {
	if l == nil {
		return
	}
	line := r.Line()
	l.mu.Lock()
	_, err := l.out.Write(line)
	l.mu.Unlock()
	if err != nil {
		l.failed(err)
	}
}
