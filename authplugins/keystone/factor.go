package keystone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filegate/core/auth"
)

// maxCode is the size limit of a code, in bytes.
const maxCode = 64

// secondFactor asks the client for the code that Keystone requires after the password.
func (at *attempt) secondFactor(r *receiptError) (auth.Response, error) {
	if at.login.Credential != "" || !r.wantsOnly(totp) {
		return auth.Response{}, fmt.Errorf("%w, which is not done here: %w", r, auth.ErrDenied)
	}
	account := at.credential
	account.Secret, account.Factor = "", true
	return at.step(state{Login: at.login, Account: account, Receipt: &r.receipt}, "", auth.Prompt{Text: "One-time code: "})
}

// hasCode reports whether the secret, which was refused with err, may be a password followed by a
// code.
func (at *attempt) hasCode(err error) bool {
	n := at.config.CodeLength
	secret := at.credential.Secret
	return n > 0 && at.login.Credential == "" && at.login.Access == "" && errors.Is(err, auth.ErrDenied) && auth.ClientText(err) == "" &&
		len(secret) > n && !strings.ContainsFunc(secret[len(secret)-n:], func(r rune) bool { return r < '0' || r > '9' })
}

// splitCode tries the last digits of the secret as a code. It sends the code only if Keystone
// requires one after the rest as the password: otherwise a user without a second factor could
// append any digits to the password. A refusal is the same as that of the whole secret.
func (at *attempt) splitCode(ctx context.Context, refused error) (auth.Response, error) {
	whole := at.credential.Secret
	end := len(whole) - at.config.CodeLength
	at.credential.Secret = whole[:end]
	got, err := at.ask(ctx, at.question(at.scope()))
	receipt, partial := errors.AsType[*receiptError](err)
	switch {
	case err == nil:
		_ = at.revoke(ctx, got.id) // if this fails, the token stays valid until it expires
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

// giveCode makes the second request of a login with two factors.
func (at *attempt) giveCode(ctx context.Context, r receipt, code string) (token, error) {
	// The password alone is not enough for a renewal.
	at.credential.Factor, at.credential.Secret = true, ""
	q := question{receipt: r.ID, scope: at.scope(), forwardedFor: at.credential.ForwardedFor, login: at.login, methods: object{
		totp: object{"user": object{"id": r.UserID, "passcode": code}},
	}}
	got, err := at.ask(ctx, q)
	if again, ok := errors.AsType[*receiptError](err); ok {
		return token{}, fmt.Errorf("%w, after the code: %w", again, auth.ErrDenied)
	}
	return got, err
}

// withoutSpaces removes the spaces of a code, which users may type in groups of digits.
func withoutSpaces(code string) string {
	return strings.Join(slices.Collect(strings.FieldsSeq(code)), "")
}
