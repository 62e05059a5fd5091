package keystone

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// Parts of Keystone's messages for refusals with a reason that the client or the log should have.
// Keystone gives these reasons only if the password was correct. The exception is a locked account,
// which it reports to everyone.
var reasons = []struct {
	message string // a part of the message that is the same in all versions
	text    string // for the client; empty: no text
	detail  string // for the log
}{
	{"password is expired", "Your password has expired. Change it at your provider, then log in again.", "the password has expired"},
	{"account is disabled", "", "the account is disabled"},
	{"account is locked", "", "the account is locked after too many failed logins"},
	{"unsupported method", "", "Keystone is not configured for this way to log in: see the option methods in the section auth of keystone.conf"},
	{"could not find auth receipt", "", "the receipt of the first factor has ended"},
}

// refusal translates the status of an answer into an error. It searches Keystone's message for
// known reasons, but never passes the message on.
func refusal(status *upstream.StatusError, body []byte, delegated bool) error {
	var said struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	isKeystone := json.Unmarshal(body, &said) == nil && said.Error.Message != ""
	switch status.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		message := strings.ToLower(said.Error.Message)
		for _, r := range reasons {
			if strings.Contains(message, r.message) {
				return &auth.Error{Kind: auth.ErrDenied, Text: r.text, Err: fmt.Errorf("%w: %s", status, r.detail)}
			}
		}
	case http.StatusNotFound:
		// The application credential, or its user, does not exist. A 404 from a server other than
		// Keystone has no such body.
		if delegated && isKeystone {
			return fmt.Errorf("%s: no such application credential or user: %w", status.Error(), auth.ErrDenied)
		}
	}
	return status
}
