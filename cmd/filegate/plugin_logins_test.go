package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filegate/core/auth"
)

// steps is an authenticator that accepts only the given steps of a login, in their order.
type steps struct {
	want []auth.Method
	once bool // each login can be used only once
	done int
}

func (s *steps) Authenticate(_ context.Context, req auth.Request) (auth.Response, error) {
	at := len(req.State)
	right := at < len(s.want) && req.Method == s.want[at] && (!s.once || s.done == 0)
	switch req.Method {
	case auth.Password:
		right = right && req.Password == "secret"
	case auth.PublicKey, auth.Certificate:
		right = right && req.Verified && len(req.PublicKey) > 0
	case auth.Interactive:
		if len(req.State) == 0 && len(req.Answers) == 0 {
			break
		}
		right = right && slices.Equal(req.Answers, []auth.Secret{"blue", "42"})
	}
	asks := req.Method == auth.Interactive && len(req.State) == 0 && len(req.Answers) == 0
	switch {
	case !right:
		return auth.Response{}, auth.ErrDenied
	case at+1 == len(s.want) && !asks:
		s.done++
		return auth.Response{Identity: &auth.Identity{User: req.User}}, nil
	}
	next := &auth.Step{Methods: s.want[:1], State: req.State}
	if !asks {
		next = &auth.Step{Methods: s.want[at+1 : at+2], State: append(req.State, 'x')}
	}
	if next.Methods[0] == auth.Interactive {
		next.Prompts = []auth.Prompt{{Text: "Colour: "}, {Text: "Number: "}}
	}
	return auth.Response{Next: next}, nil
}

func (*steps) Renew(context.Context, auth.Grant) (auth.Grant, error) {
	return auth.Grant{}, auth.ErrDenied
}

// TestRightLogins checks the logins that plugin test finds, and its messages about the others.
func TestRightLogins(t *testing.T) {
	dir := t.TempDir()
	key, cert, empty := filepath.Join(dir, "key.pub"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "empty")
	for name, text := range map[string][]byte{
		key: []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5Nm3qJ0Yo0k0JxO0mJ8wYt0u4l6pVQv1m8s6mB3m5R x\n"), empty: nil,
		cert: append([]byte("a key before it\n"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("der")})...),
	} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := []auth.Method{auth.Password, auth.PublicKey, auth.Interactive, auth.Certificate}
	for name, c := range map[string]struct {
		right   rightLogins
		methods []auth.Method
		a       *steps
		stdin   string
		logins  []auth.Method
		prompts bool // the logins have answers
		says    string
		fails   string
	}{
		"password":                {a: &steps{want: []auth.Method{auth.Password}}, stdin: "secret\n", logins: []auth.Method{auth.Password}},
		"a wrong password":        {a: &steps{want: []auth.Method{auth.Password}}, stdin: "wrong\n", logins: []auth.Method{auth.Password}},
		"password, then prompts":  {a: &steps{want: []auth.Method{auth.Password, auth.Interactive}}, stdin: "secret\nblue\n42\n", logins: []auth.Method{auth.Password}, prompts: true},
		"no answers":              {a: &steps{want: []auth.Method{auth.Password, auth.Interactive}}, stdin: "secret\n", says: "by password: not tested, there is no answer to its prompt"},
		"answers for one login":   {a: &steps{want: []auth.Method{auth.Password, auth.Interactive}, once: true}, stdin: "secret\nblue\n42\n", says: "not tested, its answers are good only once"},
		"prompts":                 {methods: []auth.Method{auth.Interactive}, a: &steps{want: []auth.Method{auth.Interactive}}, stdin: "blue\n42\n", logins: []auth.Method{auth.Interactive}, prompts: true},
		"key":                     {right: rightLogins{keyFile: key}, a: &steps{want: []auth.Method{auth.PublicKey}}, logins: []auth.Method{auth.PublicKey}},
		"key, then password":      {right: rightLogins{keyFile: key, password: true}, a: &steps{want: []auth.Method{auth.PublicKey, auth.Password}}, stdin: "secret\n", logins: []auth.Method{auth.Password, auth.PublicKey}},
		"key without password":    {right: rightLogins{keyFile: key}, a: &steps{want: []auth.Method{auth.PublicKey, auth.Password}}, says: "by publickey: not tested, it wants a further step"},
		"certificate":             {right: rightLogins{certificateFile: cert}, a: &steps{want: []auth.Method{auth.Certificate}}, logins: []auth.Method{auth.Certificate}},
		"a method that is not":    {right: rightLogins{certificateFile: cert}, methods: []auth.Method{auth.Password}, a: &steps{}, says: "by tls-certificate: not tested, the authenticator does not accept this method"},
		"nothing that is typed":   {methods: []auth.Method{auth.PublicKey}, a: &steps{}, fails: "does not accept passwords"},
		"an empty password":       {a: &steps{}, stdin: "\n", fails: "the password is empty"},
		"no certificate in there": {right: rightLogins{certificateFile: empty}, a: &steps{}, fails: "no certificate"},
		"no key in there":         {right: rightLogins{keyFile: empty}, a: &steps{}, fails: "no public key"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			e := env{stdin: stdin(t, c.stdin), stdout: &out, stderr: t.Output(), stop: t.Context()}
			c.right.user = "alice"
			if c.methods == nil {
				c.methods = all
			}
			logins, err := c.right.find(e, auth.Info{Name: "steps", Methods: c.methods}, c.a)
			if (err != nil) != (c.fails != "") || (err != nil && !strings.Contains(err.Error(), c.fails)) {
				t.Fatalf("got error %v, want %q", err, c.fails)
			}
			var methods []auth.Method
			for _, l := range logins {
				methods = append(methods, l.Method)
				if (l.Answer != nil) != c.prompts {
					t.Errorf("the login by %s has answers: %t, want %t", l.Method, l.Answer != nil, c.prompts)
				}
				if _, err := l.Walk(t.Context(), c.a); err != nil && l.Method == c.a.want[0] && c.stdin != "wrong\n" {
					t.Errorf("the login by %s does not go through: %v", l.Method, err)
				} else if err != nil && !errors.Is(err, auth.ErrDenied) {
					t.Errorf("the login by %s: %v", l.Method, err)
				}
			}
			if !slices.Equal(methods, c.logins) || !strings.Contains(out.String(), c.says) || (c.says == "") != (out.Len() == 0) {
				t.Errorf("got %q and %q, want %q and %q", methods, out.String(), c.logins, c.says)
			}
		})
	}
}

// stdin returns a standard input with the given text.
func stdin(t *testing.T, text string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return r
}
