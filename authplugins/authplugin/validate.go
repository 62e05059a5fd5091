package authplugin

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"filegate/core/auth"
)

// Limits for the values that one side accepts from the other, in bytes unless noted otherwise. A
// longer value is a mistake or an attack.
const (
	maxRequest = 256 << 10 // a whole step of a login
	maxName    = 1 << 10   // a user, a group, a region, a version
	maxPath    = 4 << 10   // a home directory, an endpoint
	maxToken   = 64 << 10
	maxSealed  = 128 << 10 // a step's state, a grant's renewal
	maxDetail  = 1 << 10   // texts for the log or for the client
	maxItems   = 256       // number of groups, rules, prompts or extras

	// maxCache is the longest time for which a login may be answered from a cache.
	maxCache = 24 * time.Hour
)

// checkRequest refuses a request that cannot be sent.
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

// checkIdentity refuses an identity with which no session may begin.
func checkIdentity(id *auth.Identity) error {
	if id.User == "" {
		return errors.New("an identity without a user")
	}
	if len(id.Groups) > maxItems {
		return fmt.Errorf("%d groups", len(id.Groups))
	}
	for _, name := range append([]string{id.User}, id.Groups...) {
		if err := checkText("name", name, maxName); err != nil {
			return err
		}
	}
	return errors.Join(
		checkText("home", id.Home, maxPath),
		checkPermissions(id.Permissions),
		checkRules(id.Rules),
		checkLimits(id.Limits, id.CacheFor),
		checkText("message", strings.ReplaceAll(id.Message, "\n", ""), maxPath),
		checkGrant(id.Grant),
	)
}

// checkPermissions refuses unknown permissions. Dropping them would be wrong, because no
// permissions at all can mean all permissions.
func checkPermissions(permissions []auth.Permission) error {
	for _, p := range permissions {
		if !slices.Contains(auth.Permissions(), p) {
			return fmt.Errorf("permission %q, which this gateway does not know", printable(string(p), maxName))
		}
	}
	return nil
}

// checkRules refuses rules with paths that are not clean and absolute, and two rules with the same
// path.
func checkRules(rules []auth.Rule) error {
	if len(rules) > maxItems {
		return fmt.Errorf("%d rules", len(rules))
	}
	paths := map[string]bool{}
	for _, r := range rules {
		err := errors.Join(checkText("path", r.Path, maxPath), checkPermissions(r.Permissions))
		switch {
		case err != nil:
			return fmt.Errorf("a rule with %w", err)
		case !path.IsAbs(r.Path) || path.Clean(r.Path) != r.Path:
			return fmt.Errorf("a rule for %q, which is no clean absolute path", printable(r.Path, maxName))
		case paths[r.Path]:
			return fmt.Errorf("two rules for %q", printable(r.Path, maxName))
		}
		paths[r.Path] = true
	}
	return nil
}

// checkLimits refuses negative limits. Treating them as no limit could be the opposite of the
// author's intention.
func checkLimits(l auth.Limits, cacheFor time.Duration) error {
	if l.Sessions < 0 || l.UploadRate < 0 || l.DownloadRate < 0 || l.SessionBytes < 0 || cacheFor < 0 {
		return errors.New("a limit below zero")
	}
	return nil
}

// checkGrant refuses a grant that a backend cannot use safely. Its errors do not contain the token.
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

// checkStep refuses a step that cannot be shown to a client.
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

// checkText refuses control characters and text that is too long. The error does not contain the
// text, which may be a secret.
func checkText(what, text string, limit int) error {
	switch {
	case len(text) > limit:
		return fmt.Errorf("a %s of %d bytes", what, len(text))
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("a %s with control characters", what)
	}
	return nil
}
