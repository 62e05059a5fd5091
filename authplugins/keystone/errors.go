package keystone

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// What Keystone's messages say of refusals that mean more than that something is wrong. It says so
// only to who has given the right password, but for the lock, which it tells everybody.
var reasons = []struct {
	message string // a part of it, in all versions
	text    string // for the client; empty: nothing beside the refusal
	detail  string // for the log
}{
	{"password is expired", "Your password has expired. Change it at your provider, then log in again.", "the password has expired"},
	{"account is disabled", "", "the account is disabled"},
	{"account is locked", "", "the account is locked after too many failed logins"},
	{"unsupported method", "", "Keystone is not configured for this way to log in: see the option methods in the section auth of keystone.conf"},
	{"could not find auth receipt", "", "the receipt of the first factor has ended"},
}

// refusal gives an answer with a status its meaning. What Keystone wrote is looked at, and never
// passed on.
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
		// An application credential or the user of one that does not exist. A 404 of somebody else
		// has another look.
		if delegated && isKeystone {
			return fmt.Errorf("%s: no such application credential or user: %w", status.Error(), auth.ErrDenied)
		}
	}
	return status
}
