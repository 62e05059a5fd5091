package keystone

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"filegate/core/auth"
)

// receiptHeader is the header with a receipt, in a 401 and in the next request. A receipt confirms
// proofs that are correct but not sufficient.
const receiptHeader = "Openstack-Auth-Receipt"

// receipt is Keystone's receipt for the first of several proofs.
type receipt struct {
	ID     string
	UserID string
}

// receiptError is the answer that further proofs are needed.
type receiptError struct {
	receipt

	user string
	// wanted are sets of missing proofs, any one of which is sufficient.
	wanted [][]string
}

func (e *receiptError) Error() string {
	sets := make([]string, len(e.wanted))
	for i, set := range e.wanted {
		sets[i] = strings.Join(set, " and ")
	}
	return fmt.Sprintf("user %s must give a further proof, %s", e.user, strings.Join(sets, " or "))
}

// Unwrap makes it a refusal for callers that cannot continue.
func (e *receiptError) Unwrap() error { return auth.ErrDenied }

// wantsOnly reports whether one further proof, by this method, is sufficient.
func (e *receiptError) wantsOnly(method string) bool {
	return slices.ContainsFunc(e.wanted, func(set []string) bool { return len(set) == 1 && set[0] == method })
}

// readReceipt parses an answer with a receipt. The result is a *receiptError if it is valid.
func readReceipt(id string, body []byte) error {
	var said struct {
		Receipt struct {
			Methods []string `json:"methods"`
			User    struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"user"`
		} `json:"receipt"`
		Required [][]string `json:"required_auth_methods"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return fmt.Errorf("a receipt that cannot be read: %w", err)
	}
	e := &receiptError{
		receipt: receipt{ID: id, UserID: said.Receipt.User.ID},
		user:    printable(said.Receipt.User.Name),
	}
	for _, set := range said.Required {
		var missing []string
		for _, method := range set {
			if !slices.Contains(said.Receipt.Methods, method) {
				missing = append(missing, printable(method))
			}
		}
		e.wanted = append(e.wanted, missing)
	}
	return e
}

// printable replaces unprintable characters, which could control a terminal, in a name from
// Keystone.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}
