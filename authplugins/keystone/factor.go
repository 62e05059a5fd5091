package keystone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filegate/core/auth"
)

// maxCode is the longest code that is sent.
const maxCode = 64

// secondFactor asks for the code that Keystone wants after the password.
func (at *attempt) secondFactor(r *receiptError) (auth.Response, error) {
	if at.login.Credential != "" || !r.wantsOnly(totp) {
		return auth.Response{}, fmt.Errorf("%w, which is not done here: %w", r, auth.ErrDenied)
	}
	account := at.credential
	account.Secret, account.Factor = "", true
	return at.step(state{Login: at.login, Account: account, Receipt: &r.receipt}, "", auth.Prompt{Text: "One-time code: "})
}

// hasCode says whether the secret, which was refused with err, may be a password with a code after
// it.
func (at *attempt) hasCode(err error) bool {
	n := at.config.CodeLength
	secret := at.credential.Secret
	return n > 0 && at.login.Credential == "" && errors.Is(err, auth.ErrDenied) && auth.ClientText(err) == "" &&
		len(secret) > n && !strings.ContainsFunc(secret[len(secret)-n:], func(r rune) bool { return r < '0' || r > '9' })
}

// splitCode takes the last digits of the secret for a code. It goes to Keystone only where the rest
// makes Keystone ask for one: else a user without a second factor could write anything after his
// password. Any failure looks like the refusal of the whole.
func (at *attempt) splitCode(ctx context.Context, refused error) (auth.Response, error) {
	whole := at.credential.Secret
	end := len(whole) - at.config.CodeLength
	at.credential.Secret = whole[:end]
	got, err := at.ask(ctx, at.question(at.scope()))
	receipt, partial := errors.AsType[*receiptError](err)
	switch {
	case err == nil:
		_ = at.revoke(ctx, got.id) // the answer stands whatever comes of this: then the token ends by itself
		return auth.Response{}, refused
	case errors.Is(err, auth.ErrUnavailable):
		return auth.Response{}, err
	case !partial || !receipt.wantsOnly(totp):
		return auth.Response{}, refused
	}
	got, err = at.giveCode(ctx, receipt.receipt, whole[end:])
	if err != nil {
		return auth.Response{}, err
	}
	return at.entered(ctx, got)
}

// giveCode is the second request of a login with two factors.
func (at *attempt) giveCode(ctx context.Context, r receipt, code string) (token, error) {
	at.credential.Factor, at.credential.Secret = true, "" // the password alone will not do for a renewal
	q := question{receipt: r.ID, scope: at.scope(), forwardedFor: at.credential.ForwardedFor, login: at.login, methods: object{
		totp: object{"user": object{"id": r.UserID, "passcode": code}},
	}}
	got, err := at.ask(ctx, q)
	if again, ok := errors.AsType[*receiptError](err); ok {
		return token{}, fmt.Errorf("%w, after the code: %w", again, auth.ErrDenied)
	}
	return got, err
}

// withoutSpaces is a code as it is meant, however it was typed.
func withoutSpaces(code string) string {
	return strings.Join(slices.Collect(strings.FieldsSeq(code)), "")
}
