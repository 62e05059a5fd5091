package auth

import (
	"context"
	"errors"
	"fmt"
)

// Revalidator is an [Authenticator] that can tell whether what it said of a login still holds. Use [Revalidate].
type Revalidator interface {
	Authenticator
	// Revalidate returns nil while the identity, which Authenticate gave some time ago, is still good; its grant may be one
	// that Renew has given since. ErrDenied and ErrUnknownUser say that the user may not be here any more, ErrUnavailable that nobody could tell,
	// and errors.ErrUnsupported that this cannot be found out for this login. It changes nothing.
	Revalidate(ctx context.Context, id Identity) error
}

// Releaser is an [Authenticator] that can take back what it granted. Use [Release].
type Releaser interface {
	Authenticator
	// Release ends a grant, of which no session is left: its token opens nothing any more. It is asked once for each grant, and for none that
	// Renew has replaced. One that has ended already is no error. ErrUnavailable says that the token may live on until it expires.
	Release(ctx context.Context, grant Grant) error
}

// Revalidate asks whether an identity is still good, in the words of [Revalidator]. Where a cannot tell, it is asked to renew the
// grant, since that is refused to a user who is gone; the fresh grant is released. Where it cannot renew the grant
// either the identity holds as long as the storage takes the grant, and the answer is nil.
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
	// The answer stands whatever comes of this: then the token ends by itself.
	_ = Release(ctx, a, fresh)
	return nil
}

// Release gives a grant back where a can take it back, in the words of [Releaser]. Elsewhere it ends by itself, and the answer is nil.
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
