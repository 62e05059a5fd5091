package authplugin

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// errNoAnswer marks a call that the program has not answered, unlike a call that it has answered
// with ErrUnavailable.
var errNoAnswer = errors.New("no answer")

// errLate is errNoAnswer for a call whose deadline has passed.
var errLate = fmt.Errorf("%w in time", errNoAnswer)

// refusals returns the table of the error codes in the protocol and the errors of core/auth.
func refusals() map[authv1.Refusal_Kind]error {
	return map[authv1.Refusal_Kind]error{
		authv1.Refusal_KIND_UNKNOWN_USER: auth.ErrUnknownUser,
		authv1.Refusal_KIND_DENIED:       auth.ErrDenied,
		authv1.Refusal_KIND_UNAVAILABLE:  auth.ErrUnavailable,
		authv1.Refusal_KIND_METHOD:       auth.ErrMethod,
		authv1.Refusal_KIND_INVALID:      auth.ErrInvalid,
	}
}

// refusalOf returns the protocol's form of an authenticator's error. An error that is none of
// auth.Kinds becomes KIND_UNAVAILABLE.
func refusalOf(err error) *authv1.Refusal {
	refusal := &authv1.Refusal{Kind: authv1.Refusal_KIND_UNAVAILABLE, Detail: validText(err.Error()), ClientText: validText(auth.ClientText(err))}
	for kind, sentinel := range refusals() {
		if errors.Is(err, sentinel) {
			refusal.Kind = kind
			// The host appends the text of the kind again.
			refusal.Detail = strings.TrimSuffix(strings.TrimSuffix(refusal.Detail, sentinel.Error()), ": ")
			break
		}
	}
	return refusal
}

// errorOf returns the error for a program's refusal.
func (r *remote) errorOf(refusal *authv1.Refusal) error {
	kind, ok := refusals()[refusal.GetKind()]
	if !ok {
		return fmt.Errorf("refused in a way that this gateway does not know (%d): %w", refusal.GetKind(), auth.ErrUnavailable)
	}
	text := printable(r.masks.clean(refusal.GetClientText()), maxDetail)
	if text != "" {
		kind = &auth.Error{Kind: kind, Text: text}
	}
	// A program in Go has already appended the text of the kind to the detail.
	detail := strings.TrimSuffix(strings.TrimSuffix(printable(r.masks.clean(refusal.GetDetail()), maxDetail), text), ": ")
	if detail == "" {
		return kind
	}
	return fmt.Errorf("%s: %w", detail, kind)
}

// errorOfOptional returns the error for the answer of a call that succeeds if there is no refusal.
func (r *remote) errorOfOptional(refusal *authv1.Refusal) error {
	if refusal == nil {
		return nil
	}
	return r.errorOf(refusal)
}

// callError translates the failure of a call. It says nothing about the login.
func (r *remote) callError(err error) error {
	s := status.Convert(err)
	switch s.Code() {
	case codes.DeadlineExceeded:
		return fmt.Errorf("%w: %w", errLate, auth.ErrUnavailable)
	case codes.Canceled:
		return fmt.Errorf("%w: the login was given up: %w", errNoAnswer, auth.ErrUnavailable)
	default:
		return fmt.Errorf("%w: %s: %s: %w", errNoAnswer, s.Code(), printable(r.masks.clean(s.Message()), maxDetail), auth.ErrUnavailable)
	}
}

// optionalCallError is callError for calls that a program need not support. A program may find out
// only during the call that it does not.
func (r *remote) optionalCallError(err error) error {
	if s := status.Convert(err); s.Code() == codes.Unimplemented {
		return fmt.Errorf("%s: %w", printable(r.masks.clean(s.Message()), maxDetail), errors.ErrUnsupported)
	}
	return r.callError(err)
}

// optionalRefusal translates the error of such a call in the program: into a refusal, or into the
// error of the call itself.
func optionalRefusal(err error) (*authv1.Refusal, error) {
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, errors.ErrUnsupported):
		return nil, status.Error(codes.Unimplemented, validText(err.Error()))
	}
	return refusalOf(err), nil
}
