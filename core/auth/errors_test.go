package auth_test

import (
	"errors"
	"fmt"
	"testing"

	"filegate/core/auth"
)

// The text is the client's, the cause the log's, and the kind decides alone.
func TestClientText(t *testing.T) {
	cause := fmt.Errorf("10.0.0.7 says no: %w", auth.ErrUnknownUser)
	for _, c := range []struct {
		err       error
		text, log string
	}{
		{nil, "", ""},
		{cause, "", "10.0.0.7 says no: unknown user"},
		{&auth.Error{Kind: auth.ErrDenied}, "", "login denied"},
		{&auth.Error{Kind: auth.ErrDenied, Err: cause}, "", "10.0.0.7 says no: unknown user: login denied"},
		{fmt.Errorf("x: %w", &auth.Error{Kind: auth.ErrDenied, Text: "expired", Err: cause}), "expired", "x: 10.0.0.7 says no: unknown user: expired: login denied"},
	} {
		if got := auth.ClientText(c.err); got != c.text {
			t.Errorf("ClientText(%v) = %q, want %q", c.err, got, c.text)
		}
		if c.err != nil && c.err.Error() != c.log {
			t.Errorf("got %q for the log, want %q", c.err, c.log)
		}
	}
	err := error(&auth.Error{Kind: auth.ErrDenied, Err: cause})
	if !errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrUnknownUser) {
		t.Errorf("%v is not of its kind alone", err)
	}
}
