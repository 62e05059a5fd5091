package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

// door sends a question to the hook and returns the raw answer, of at most maxAnswer bytes. ask
// returns when its context is cancelled.
type door interface {
	ask(ctx context.Context, question []byte) ([]byte, error)
}

// Authenticator asks a hook about logins.
type Authenticator struct {
	door       door
	methods    []string
	operations []string
	timeout    time.Duration
	busy       chan struct{} // one element for each question that is in progress
	sealer     authplugin.Sealer
}

var (
	_ auth.Revalidator = (*Authenticator)(nil)
	_ auth.Releaser    = (*Authenticator)(nil)
)

// sealed is a text from the hook while the gateway keeps it. It is valid only for the user and the
// use that it was made for.
type sealed struct{ Use, User, Text string }

// The uses of a sealed text.
const (
	useState   = "state"
	useRenewal = "renewal"
)

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if !slices.Contains(a.methods, string(req.Method)) {
		return auth.Response{}, auth.ErrMethod
	}
	q := question{
		Op: opAuthenticate, User: req.User, Method: string(req.Method), Service: req.Service, SessionID: req.SessionID,
		Remote: address(req.Remote), Local: address(req.Local), Client: req.Client,
		Password: req.Password.Reveal(), PublicKey: req.PublicKey, Verified: req.Verified,
	}
	for _, answer := range req.Answers {
		q.Answers = append(q.Answers, answer.Reveal())
	}
	if len(req.State) > 0 {
		var err error
		if q.State, err = a.open(useState, req.User, req.State); err != nil {
			return auth.Response{}, err
		}
	}
	if err := q.check(); err != nil {
		return auth.Response{}, err
	}
	got, err := a.ask(ctx, q)
	switch {
	case err != nil:
		return auth.Response{}, err
	case got.Identity != nil && got.Identity.User != "":
		return a.identity(req, *got.Identity)
	case got.Next != nil:
		return a.next(req, *got.Next)
	}
	return auth.Response{}, noAnswer(errors.New("neither an identity with a user, nor a step, nor a refusal"))
}

// check refuses, without asking the hook, requests that cannot be a login or cannot be expressed in
// JSON.
func (q question) check() error {
	switch {
	case q.User == "" || (q.Method == string(auth.Password) && q.Password == ""):
		return fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	case len(q.PublicKey) == 0 && (q.Method == string(auth.PublicKey) || q.Method == string(auth.Certificate)):
		return fmt.Errorf("no key: %w", auth.ErrDenied)
	}
	for _, text := range append([]string{q.User, q.Password}, q.Answers...) {
		if !utf8.ValidString(text) {
			return fmt.Errorf("a user, password or answer that is not UTF-8: %w", auth.ErrInvalid)
		}
	}
	return nil
}

func (a *Authenticator) identity(req auth.Request, i identity) (auth.Response, error) {
	id := i.toAuth()
	if req.Asks() {
		id.Grant = auth.Grant{} // no grant for a key that is not verified
		return auth.Response{Identity: &id}, nil
	}
	var err error
	id.Grant.Renewal, err = a.seal(useRenewal, id.User, i.Grant.Renewal)
	if err != nil {
		return auth.Response{}, err
	}
	return auth.Response{Identity: &id}, nil
}

func (a *Authenticator) next(req auth.Request, s step) (auth.Response, error) {
	next := &auth.Step{Instruction: s.Instruction}
	for _, m := range s.Methods {
		next.Methods = append(next.Methods, auth.Method(m))
	}
	for _, p := range s.Prompts {
		next.Prompts = append(next.Prompts, auth.Prompt(p))
	}
	var err error
	if next.State, err = a.seal(useState, req.User, s.State); err != nil {
		return auth.Response{}, err
	}
	return auth.Response{Next: next}, nil
}

// Renew implements auth.Authenticator. It is refused if the hook does not renew grants.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	var kept sealed
	if err := ctx.Err(); err != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	if err := a.sealer.Open(old.Renewal, &kept); err != nil {
		return auth.Grant{}, err
	}
	if kept.Use != useRenewal || !slices.Contains(a.operations, opRenew) {
		return auth.Grant{}, fmt.Errorf("the hook renews no grants: %w", auth.ErrDenied)
	}
	q := question{Op: opRenew, User: kept.User, Grant: grantOf(old)}
	q.Grant.Renewal = kept.Text
	got, err := a.ask(ctx, q)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return auth.Grant{}, fmt.Errorf("the hook renews no grants: %w", auth.ErrDenied)
	case err != nil:
		return auth.Grant{}, err
	case got.Grant == nil:
		return auth.Grant{}, noAnswer(errors.New("neither a grant nor a refusal"))
	}
	fresh := got.Grant.toAuth()
	fresh.Renewal, err = a.seal(useRenewal, kept.User, got.Grant.Renewal)
	return fresh, err
}

// Revalidate implements auth.Revalidator. It is unsupported if the hook does not revalidate.
func (a *Authenticator) Revalidate(ctx context.Context, id auth.Identity) error {
	q := question{Op: opRevalidate, User: id.User, Identity: identityOf(id)}
	var err error
	if q.Identity.Grant.Renewal, err = a.renewal(id.User, id.Grant); err != nil {
		return err
	}
	return a.tell(ctx, q)
}

// Release implements auth.Releaser. It is unsupported if the hook does not release grants.
func (a *Authenticator) Release(ctx context.Context, old auth.Grant) error {
	q := question{Op: opRelease, Grant: grantOf(old)}
	var kept sealed
	if len(old.Renewal) > 0 {
		if err := a.sealer.Open(old.Renewal, &kept); err != nil {
			return err
		}
	}
	q.User, q.Grant.Renewal = kept.User, kept.Text
	return a.tell(ctx, q)
}

// tell asks a question whose answer is an empty object or a refusal.
func (a *Authenticator) tell(ctx context.Context, q question) error {
	if !slices.Contains(a.operations, q.Op) {
		return fmt.Errorf("the hook does not %s: %w", q.Op, errors.ErrUnsupported)
	}
	got, err := a.ask(ctx, q)
	if err == nil && (got.Identity != nil || got.Next != nil || got.Grant != nil) {
		err = noAnswer(errors.New("neither yes nor a refusal"))
	}
	return err
}

// ask sends a question to the hook. A refusal is returned as an error.
func (a *Authenticator) ask(ctx context.Context, q question) (answer, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return answer{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	select {
	case a.busy <- struct{}{}:
		defer func() { <-a.busy }()
	case <-ctx.Done():
		return answer{}, fmt.Errorf("too many questions are under way: %w: %w", ctx.Err(), auth.ErrUnavailable)
	}
	raw, err := a.door.ask(ctx, text)
	switch {
	case ctx.Err() != nil:
		return answer{}, noAnswer(fmt.Errorf("not within %s: %w", a.timeout, ctx.Err()))
	case err != nil:
		return answer{}, noAnswer(err)
	}
	got, err := parseAnswer(raw)
	switch {
	case err != nil:
		return answer{}, noAnswer(err)
	case got.Refusal != nil:
		return answer{}, got.Refusal.err()
	case got.Unsupported && q.Op == opAuthenticate:
		return answer{}, auth.ErrMethod
	case got.Unsupported:
		return answer{}, fmt.Errorf("the hook does not %s: %w", q.Op, errors.ErrUnsupported)
	}
	return got, nil
}

// renewal opens the renewal text of the hook in a grant. It returns "" if there is none.
func (a *Authenticator) renewal(user string, g auth.Grant) (string, error) {
	if len(g.Renewal) == 0 {
		return "", nil
	}
	return a.open(useRenewal, user, g.Renewal)
}

// seal encrypts a text from the hook. It returns nil for an empty text.
func (a *Authenticator) seal(use, user, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	out, err := a.sealer.Seal(sealed{use, user, text})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return out, nil
}

func (a *Authenticator) open(use, user string, text []byte) (string, error) {
	var s sealed
	err := a.sealer.Open(text, &s)
	switch {
	case err != nil && use == useState:
		return "", fmt.Errorf("the state of the step cannot be opened: %w", auth.ErrDenied)
	case err != nil:
		return "", err
	}
	if s.Use != use || s.User != user {
		return "", fmt.Errorf("the %s was made for something else: %w", use, auth.ErrDenied)
	}
	return s.Text, nil
}

// address returns the text form of an address, or "" if the address is unknown.
func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
