package auth

import (
	"context"
	"errors"
	"fmt"
)

// Revalidator is an [Authenticator] that can check an earlier login again. Use [Revalidate] to call
// it.
type Revalidator interface {
	Authenticator
	// Revalidate returns nil if the identity, which Authenticate has returned before, is still
	// valid. Its grant may be one that Renew has returned since. ErrDenied and ErrUnknownUser mean
	// that the user must be logged out, ErrUnavailable that the login could not be checked, and
	// errors.ErrUnsupported that it is not possible for this login. Revalidate changes nothing.
	Revalidate(ctx context.Context, id Identity) error
}

// Releaser is an [Authenticator] that can take back grants. Use [Release] to call it.
type Releaser interface {
	Authenticator
	// Release ends a grant that no session uses any more, so that its token becomes invalid. It is
	// called once for each grant, but not for grants that Renew has replaced. A grant that has
	// already ended is not an error. ErrUnavailable means that the token may stay valid until it
	// expires.
	Release(ctx context.Context, grant Grant) error
}

// Revalidate checks whether an identity is still valid, with the errors of [Revalidator]. If a
// cannot check it, Revalidate asks a to renew the grant, which is refused for users who are gone,
// and releases the new grant. If a cannot renew the grant either, the identity is valid as long as
// the storage accepts the grant, and Revalidate returns nil.
func Revalidate(ctx context.Context, a Authenticator, id Identity) error {
	if r, ok := a.(Revalidator); ok {
		if err := r.Revalidate(ctx, id); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	if len(id.Grant.Renewal) == 0 {
		return nil
	}
	fresh, err := a.Renew(ctx, id.Grant)
	if err != nil {
		return fmt.Errorf("asked by a renewal: %w", err)
	}
	if fresh.Token == id.Grant.Token {
		return nil // still in use
	}
	// The result does not depend on this: if it fails, the token expires by itself.
	_ = Release(ctx, a, fresh)
	return nil
}

// Release gives back a grant if a can take it back, with the errors of [Releaser]. Otherwise the
// grant expires by itself, and Release returns nil.
func Release(ctx context.Context, a Authenticator, grant Grant) error {
	r, ok := a.(Releaser)
	if !ok {
		return nil
	}
	if err := r.Release(ctx, grant); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
