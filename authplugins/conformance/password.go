package conformance

import (
	"context"
	"fmt"
	"strings"

	"filegate/core/auth"
)

func checkWrong(t T, s Subject) {
	right, _ := s.password()
	p := right.Password.Reveal()
	for _, wrong := range []string{p + "x", p[:len(p)-1], strings.ToUpper(p) + "!", "x"} {
		_, err := right.with(right.User, auth.Secret(wrong)).Walk(t.Context(), s.Authenticator)
		wantKind(t, "a wrong password", err, auth.ErrDenied)
	}
}

func checkUnknown(t T, s Subject) {
	right, _ := s.password()
	_, err := right.with(s.Unknown, right.Password).Walk(t.Context(), s.Authenticator)
	wantKind(t, "an unknown user", err, auth.ErrUnknownUser, auth.ErrDenied)
}

func checkSame(t T, s Subject) {
	right, _ := s.password()
	_, unknown := right.with(s.Unknown, right.Password+"x").Walk(t.Context(), s.Authenticator)
	_, wrong := right.with(right.User, right.Password+"x").Walk(t.Context(), s.Authenticator)
	if a, b := auth.ClientText(unknown), auth.ClientText(wrong); a != b {
		t.Errorf("the client reads %q for an unknown user and %q for a wrong password: that tells who exists", a, b)
	}
}

func checkEmpty(t T, s Subject) {
	right, _ := s.password()
	before := s.requests()
	for _, c := range []struct {
		user     string
		password auth.Secret
	}{{"", right.Password}, {right.User, ""}, {"", ""}} {
		_, err := right.with(c.user, c.password).Walk(t.Context(), s.Authenticator)
		wantKind(t, fmt.Sprintf("user %q with a password of %d bytes", c.user, len(c.password)), err, auth.ErrDenied)
	}
	if n := s.requests() - before; n != 0 {
		t.Errorf("the service was asked %d times; some take an empty password for an anonymous login", n)
	}
}

func (s Subject) requests() int {
	if s.Requests == nil {
		return 0
	}
	return s.Requests()
}

func checkOdd(t T, s Subject) {
	right, _ := s.password()
	odd := map[string]string{
		"unicode":         "gänseblümchen-花-🌼",
		"combining":       "e\u0301\u202e\u200b",
		"quotes":          `'"` + "`" + `\"; --`,
		"braces":          `{"password": null}`,
		"newlines":        "a\r\nX-Auth-Key: b\r\n\r\n",
		"NUL":             "a\x00b",
		"controls":        "\x01\x1b[31m\x7f",
		"invalid UTF-8":   "\xff\xfe\xc3",
		"spaces":          "   ",
		"separators":      ".@.@.@:::",
		"path":            "../../etc/passwd",
		"percent":         "%00%0a%s%n",
		"a hundred KiB":   strings.Repeat("x", 100<<10),
		"a hundred KiB 2": strings.Repeat("ü.@", 25<<10),
	}
	for name, text := range odd {
		_, err := right.with(text, right.Password).Walk(t.Context(), s.Authenticator)
		wantKind(t, name+" as user", err, auth.ErrUnknownUser, auth.ErrDenied, auth.ErrInvalid)
		_, err = right.with(right.User, auth.Secret(text)).Walk(t.Context(), s.Authenticator)
		wantKind(t, name+" as password", err, auth.ErrDenied, auth.ErrInvalid)
	}
	mustLogin(t, s, right)
}

func checkSecrets(t T, s Subject) {
	l := s.Logins[0]
	id := mustLogin(t, s, l)
	dump := fmt.Sprintf("%v %+v %#v", *id, *id, *id)
	secrets := map[string]auth.Secret{"token": id.Grant.Token, "password": l.Password}
	for name, secret := range secrets {
		if secret != "" && strings.Contains(dump, secret.Reveal()) {
			t.Errorf("the %s prints with the identity", name)
		}
	}
	if l.Password != "" && strings.Contains(string(id.Grant.Renewal), l.Password.Reveal()) {
		t.Errorf("the renewal has the password in it unsealed")
	}
	right, ok := s.password()
	if !ok {
		return
	}
	const wrong = "wr0ng-but-still-s3cret"
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx      context.Context
		user     string
		password auth.Secret
	}{{t.Context(), right.User, wrong}, {t.Context(), s.Unknown, wrong}, {t.Context(), right.User, wrong + "\x00"}, {cancelled, right.User, wrong}} {
		_, err := right.with(c.user, c.password).Walk(c.ctx, s.Authenticator)
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, wrong) {
			t.Errorf("an error shows the password: %s", text)
		}
	}
}
