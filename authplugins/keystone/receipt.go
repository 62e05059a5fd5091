package keystone

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"filegate/core/auth"
)

// receiptHeader has the receipt for proofs that are right and not enough, in a 401 and in the
// question after it.
const receiptHeader = "Openstack-Auth-Receipt"

// receipt is Keystone's for the first proof of several.
type receipt struct {
	ID     string
	UserID string
}

// receiptError is an answer that wants further proofs.
type receiptError struct {
	receipt

	user   string
	wanted [][]string // sets of proofs, any of which would do, without what has been given
}

func (e *receiptError) Error() string {
	sets := make([]string, len(e.wanted))
	for i, set := range e.wanted {
		sets[i] = strings.Join(set, " and ")
	}
	return fmt.Sprintf("user %s must give a further proof, %s", e.user, strings.Join(sets, " or "))
}

// Unwrap makes it a refusal for whoever cannot go on.
func (e *receiptError) Unwrap() error { return auth.ErrDenied }

// wantsOnly says whether one further proof, by this method, would do.
func (e *receiptError) wantsOnly(method string) bool {
	return slices.ContainsFunc(e.wanted, func(set []string) bool { return len(set) == 1 && set[0] == method })
}

// readReceipt reads the answer that came with a receipt.
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

// printable is a name of Keystone's without what a terminal might obey.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}
