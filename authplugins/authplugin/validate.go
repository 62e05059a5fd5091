package authplugin

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"filegate/core/auth"
)

// What one side takes from the other, in bytes unless it says otherwise. A longer thing is a mistake or an attack.
const (
	maxRequest = 256 << 10 // all of a login's step
	maxName    = 1 << 10   // a user, a group, a region, a version
	maxPath    = 4 << 10   // a home directory, an endpoint
	maxToken   = 64 << 10
	maxSealed  = 128 << 10 // a step's state, a grant's renewal
	maxDetail  = 1 << 10   // text for the log or for the client
	maxItems   = 256       // groups, prompts, extras: how many
)

// checkRequest refuses what cannot be sent as a login.
func checkRequest(req auth.Request, methods []auth.Method) error {
	if !slices.Contains(methods, req.Method) {
		return fmt.Errorf("%s: %w", printable(string(req.Method), maxName), auth.ErrMethod)
	}
	size := len(req.User) + len(req.Password) + len(req.Client) + len(req.PublicKey) + len(req.State)
	for _, a := range req.Answers {
		size += len(a)
	}
	switch {
	case size > maxRequest:
		return fmt.Errorf("a login of %d bytes is too long: %w", size, auth.ErrInvalid)
	case !utf8.ValidString(req.User):
		return fmt.Errorf("the user's name is not UTF-8: %w", auth.ErrInvalid)
	}
	return nil
}

// checkIdentity refuses an identity that must not open a session. An unknown permission is refused and not dropped,
// since no permissions at all mean all of them.
func checkIdentity(id *auth.Identity) error {
	if id.User == "" {
		return errors.New("an identity without a user")
	}
	if len(id.Groups) > maxItems {
		return fmt.Errorf("%d groups", len(id.Groups))
	}
	for _, p := range id.Permissions {
		if !slices.Contains(auth.Permissions(), p) {
			return fmt.Errorf("permission %q, which this gateway does not know", printable(string(p), maxName))
		}
	}
	for _, name := range append([]string{id.User}, id.Groups...) {
		if err := checkText("name", name, maxName); err != nil {
			return err
		}
	}
	if err := checkText("home", id.Home, maxPath); err != nil {
		return err
	}
	return checkGrant(id.Grant)
}

// checkGrant refuses a grant that no backend could use safely. It does not repeat the token.
func checkGrant(grant auth.Grant) error {
	if grant.Endpoint != "" {
		endpoint, err := url.Parse(grant.Endpoint)
		if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
			return fmt.Errorf("an endpoint that is no http or https URL: %q", printable(grant.Endpoint, maxName))
		}
	}
	if len(grant.Extra) > maxItems {
		return fmt.Errorf("%d extra values", len(grant.Extra))
	}
	if len(grant.Renewal) > maxSealed {
		return fmt.Errorf("a renewal of %d bytes", len(grant.Renewal))
	}
	err := errors.Join(
		checkText("endpoint", grant.Endpoint, maxPath),
		checkText("token", grant.Token.Reveal(), maxToken),
		checkText("region", grant.Region, maxName),
	)
	for name, value := range grant.Extra {
		err = errors.Join(err, checkText("extra name", name, maxName), checkText("extra value", value, maxPath))
	}
	return err
}

// checkStep refuses a step that cannot be put to a client.
func checkStep(step *auth.Step) error {
	switch {
	case len(step.Methods) == 0:
		return errors.New("a step without a method")
	case len(step.Prompts) > maxItems:
		return fmt.Errorf("%d prompts", len(step.Prompts))
	case len(step.State) > maxSealed:
		return fmt.Errorf("a state of %d bytes", len(step.State))
	}
	var err error
	for _, m := range step.Methods {
		err = errors.Join(err, checkText("method", string(m), maxName))
	}
	// An instruction may have several lines.
	err = errors.Join(err, checkText("instruction", strings.ReplaceAll(step.Instruction, "\n", ""), maxPath))
	for _, p := range step.Prompts {
		err = errors.Join(err, checkText("prompt", p.Text, maxName))
	}
	return err
}

// checkText refuses control characters and excessive length. The error does not show the text, which may be a secret.
func checkText(what, text string, limit int) error {
	switch {
	case len(text) > limit:
		return fmt.Errorf("a %s of %d bytes", what, len(text))
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("a %s with control characters", what)
	}
	return nil
}
