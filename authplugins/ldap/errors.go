package ldap

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"filegate/core/auth"
)

// maxDiagnostic is the maximum length of a server's message in the log, in bytes.
const maxDiagnostic = 200

// firstOwnCode is the first of the result codes that the library itself defines. Lower codes come
// from a server.
const firstOwnCode = ldap.ErrorNetwork

// lostError is the failure of a connection or a server. Another server may succeed.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }

// Unwrap makes the error one for a login that could not be checked.
func (e *lostError) Unwrap() []error { return []error{auth.ErrUnavailable, e.err} }

// isLost reports whether err is a lostError, so that another connection may succeed.
func isLost(err error) bool {
	_, ok := errors.AsType[*lostError](err)
	return ok
}

// failed converts the error of a request; doing describes the request. bind is true for the user's
// bind, whose result is the decision about the login.
func failed(doing string, bind bool, err error) error {
	if err == nil {
		return nil
	}
	answer, ok := errors.AsType[*ldap.Error](err)
	if !ok || answer.ResultCode >= firstOwnCode {
		return &lostError{fmt.Errorf("%s: %s", doing, printable(err.Error()))}
	}
	text := fmt.Sprintf("%s: the server answered %d, %s", doing, answer.ResultCode, ldap.LDAPResultCodeMap[answer.ResultCode])
	if said := printable(fmt.Sprint(answer.Err)); said != "" {
		text += fmt.Sprintf(" (%q)", said)
	}
	switch answer.ResultCode {
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return &lostError{errors.New(text)}
	case ldap.LDAPResultReferral:
		return fmt.Errorf("%s; referrals are not followed: name the server that has the entries: %w", text, auth.ErrUnavailable)
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		return fmt.Errorf("%s: use ldaps or start_tls: %w", text, auth.ErrUnavailable)
	}
	if !bind {
		return fmt.Errorf("%s: %w", text, auth.ErrUnavailable)
	}
	switch answer.ResultCode {
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax:
		return fmt.Errorf("%s: %w", text, auth.ErrUnknownUser)
	case ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInsufficientAccessRights,
		ldap.LDAPResultConstraintViolation, ldap.LDAPResultUnwillingToPerform:
		return fmt.Errorf("%s: %w", text, auth.ErrDenied)
	}
	return fmt.Errorf("%s: %w", text, auth.ErrUnavailable)
}

// printable returns a server's message for the log, shortened.
func printable(text string) string {
	text = strings.ToValidUTF8(strings.TrimRight(text, "\x00\n"), "?")
	if len(text) <= maxDiagnostic {
		return text
	}
	end := maxDiagnostic
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
