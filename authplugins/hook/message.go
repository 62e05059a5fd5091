package hook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filegate/core/auth"
)

// The operations, as named in a question.
const (
	opAuthenticate = "authenticate"
	opRenew        = "renew"
	opRevalidate   = "revalidate"
	opRelease      = "release"
)

// maxAnswer is the size limit of an answer, in bytes.
const maxAnswer = 256 << 10

// question is the JSON question to the hook. Its secrets are plain strings, because it is sent only
// to the hook.
type question struct {
	Op        string    `json:"op"`
	User      string    `json:"user,omitempty"`
	Method    string    `json:"method,omitempty"`
	Service   string    `json:"service,omitempty"`
	SessionID string    `json:"session_id,omitempty"`
	Remote    string    `json:"remote,omitempty"`
	Local     string    `json:"local,omitempty"`
	Client    string    `json:"client,omitempty"`
	Password  string    `json:"password,omitempty"`
	PublicKey []byte    `json:"public_key,omitempty"`
	Verified  bool      `json:"verified,omitempty"`
	Answers   []string  `json:"answers,omitempty"`
	State     string    `json:"state,omitempty"`
	Grant     *grant    `json:"grant,omitempty"`
	Identity  *identity `json:"identity,omitempty"`
}

// answer is the JSON answer of the hook. At most one field is set.
type answer struct {
	Identity    *identity `json:"identity,omitempty"`
	Next        *step     `json:"next,omitempty"`
	Grant       *grant    `json:"grant,omitempty"`
	Refusal     *refusal  `json:"refusal,omitempty"`
	Unsupported bool      `json:"unsupported,omitempty"`
}

type identity struct {
	User         string   `json:"user"`
	Groups       []string `json:"groups,omitempty"`
	Home         string   `json:"home,omitempty"`
	Permissions  []string `json:"permissions,omitempty"`
	Rules        []rule   `json:"rules,omitempty"`
	Limits       limits   `json:"limits,omitzero"`
	CacheSeconds int64    `json:"cache_seconds,omitempty"`
	Message      string   `json:"message,omitempty"`
	Grant        grant    `json:"grant,omitzero"`
}

type rule struct {
	Path        string   `json:"path"`
	Permissions []string `json:"permissions"`
}

type limits struct {
	Sessions     int   `json:"sessions,omitempty"`
	UploadRate   int64 `json:"upload_rate,omitempty"`
	DownloadRate int64 `json:"download_rate,omitempty"`
	SessionBytes int64 `json:"session_bytes,omitempty"`
}

type grant struct {
	Endpoint string            `json:"endpoint,omitempty"`
	Token    string            `json:"token,omitempty"`
	Expires  int64             `json:"expires,omitempty"`
	Region   string            `json:"region,omitempty"`
	Extra    map[string]string `json:"extra,omitempty"`
	Renewal  string            `json:"renewal,omitempty"`
}

type step struct {
	Methods     []string `json:"methods"`
	Instruction string   `json:"instruction,omitempty"`
	Prompts     []prompt `json:"prompts,omitempty"`
	State       string   `json:"state,omitempty"`
}

type prompt struct {
	Text string `json:"text"`
	Echo bool   `json:"echo,omitempty"`
}

type refusal struct {
	Kind       string `json:"kind"`
	Detail     string `json:"detail,omitempty"`
	ClientText string `json:"client_text,omitempty"`
}

// parseAnswer decodes an answer. Its error says what is wrong, without any values of the answer.
func parseAnswer(text []byte) (answer, error) {
	// The text null would decode like an empty object, which can mean yes.
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return answer{}, errors.New("the answer is no JSON object")
	}
	var a answer
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return answer{}, explain(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return answer{}, errors.New("the answer goes on after the object")
	}
	given := 0
	for _, is := range []bool{a.Identity != nil, a.Next != nil, a.Grant != nil, a.Refusal != nil, a.Unsupported} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return answer{}, errors.New("the answer says several things at once")
	case a.Identity != nil && a.Identity.Permissions != nil && len(a.Identity.Permissions) == 0:
		// An empty list would mean all permissions in the protocol, but the author of the hook
		// means none.
		return answer{}, errors.New("the answer has a list of permissions with nothing in it: leave it out for all of them")
	}
	return a, nil
}

// explain returns an error of the decoder without the decoded text, which may be a token.
func explain(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(typed.Value, " ")
		return fmt.Errorf("%q in the answer cannot be of the type %s", typed.Field, kind)
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the answer is no JSON, at byte %d", syntax.Offset)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("the answer has the name %.40s, which is not known", name)
	}
	return errors.New("the answer is no whole JSON object")
}

// err returns the error for a refusal.
func (r refusal) err() error {
	kinds := map[string]error{
		"denied":       auth.ErrDenied,
		"unknown_user": auth.ErrUnknownUser,
		"unavailable":  auth.ErrUnavailable,
		"method":       auth.ErrMethod,
		"invalid":      auth.ErrInvalid,
	}
	kind, ok := kinds[r.Kind]
	if !ok {
		return noAnswer(errors.New("a refusal of a kind that is not known"))
	}
	if r.Detail == "" && r.ClientText == "" {
		return kind
	}
	e := &auth.Error{Kind: kind, Text: r.ClientText}
	if r.Detail != "" {
		e.Err = errors.New(r.Detail)
	}
	return e
}

// noAnswer wraps err as the reason why the hook gave no valid answer.
func noAnswer(err error) error {
	return fmt.Errorf("the hook gave no answer: %w: %w", err, auth.ErrUnavailable)
}

func (i identity) toAuth() auth.Identity {
	out := auth.Identity{
		User: i.User, Groups: i.Groups, Home: i.Home, Permissions: permissions(i.Permissions), Limits: auth.Limits(i.Limits),
		CacheFor: time.Duration(max(0, min(i.CacheSeconds, maxCacheSeconds))) * time.Second, Message: i.Message, Grant: i.Grant.toAuth(),
	}
	for _, r := range i.Rules {
		out.Rules = append(out.Rules, auth.Rule{Path: r.Path, Permissions: permissions(r.Permissions)})
	}
	return out
}

// maxCacheSeconds is a day, longer than a gateway remembers any login.
const maxCacheSeconds = 24 * 60 * 60

func identityOf(id auth.Identity) *identity {
	out := &identity{
		User: id.User, Groups: id.Groups, Home: id.Home, Permissions: names(id.Permissions), Limits: limits(id.Limits),
		CacheSeconds: int64(id.CacheFor / time.Second), Message: id.Message, Grant: *grantOf(id.Grant),
	}
	for _, r := range id.Rules {
		out.Rules = append(out.Rules, rule{Path: r.Path, Permissions: names(r.Permissions)})
	}
	return out
}

func permissions(texts []string) []auth.Permission {
	var out []auth.Permission
	for _, t := range texts {
		out = append(out, auth.Permission(t))
	}
	return out
}

func names(all []auth.Permission) []string {
	var out []string
	for _, p := range all {
		out = append(out, string(p))
	}
	return out
}

// toAuth converts the grant without its renewal, which the caller seals.
func (g grant) toAuth() auth.Grant {
	out := auth.Grant{Endpoint: g.Endpoint, Token: auth.Secret(g.Token), Region: g.Region, Extra: g.Extra}
	if g.Expires != 0 {
		out.Expires = time.Unix(g.Expires, 0)
	}
	return out
}

// grantOf converts a grant without its renewal, which is sealed.
func grantOf(g auth.Grant) *grant {
	out := &grant{Endpoint: g.Endpoint, Token: g.Token.Reveal(), Region: g.Region, Extra: g.Extra}
	if !g.Expires.IsZero() {
		out.Expires = g.Expires.Unix()
	}
	return out
}
