package conformance

import (
	"bytes"

	"filegate/core/auth"
)

func hasKey(s Subject) bool {
	_, key := s.by(auth.PublicKey)
	_, cert := s.by(auth.Certificate)
	return key || cert
}

// checkQuery checks unverified keys. A client asks about each key of its agent, and proves only one
// that is accepted.
func checkQuery(t T, s Subject) {
	l, _ := s.by(auth.PublicKey)
	req := l.Request()
	req.Verified = false
	if _, err := s.Authenticator.Authenticate(t.Context(), req); err != nil {
		t.Errorf("a key that would do, asked about: %v", err)
	}
	req.PublicKey = spoiled(req.PublicKey)
	_, err := s.Authenticator.Authenticate(t.Context(), req)
	wantKind(t, "a key that would not do, asked about", err, auth.ErrDenied, auth.ErrUnknownUser, auth.ErrMethod, auth.ErrInvalid)
	mustLogin(t, s, l)
}

func checkWrongKey(t T, s Subject) {
	for _, l := range s.Logins {
		if l.PublicKey == nil {
			continue
		}
		for name, key := range map[string][]byte{
			"one with a byte changed": spoiled(l.PublicKey), "none": nil, "rubbish": []byte("\x00\x00\x00\x0bssh-rubbish\xff"), "half of it": l.PublicKey[:len(l.PublicKey)/2],
		} {
			wrong := l.Request()
			wrong.PublicKey = key
			resp, err := s.Authenticator.Authenticate(t.Context(), wrong)
			wantKind(t, string(l.Method)+", "+name, err, auth.ErrDenied, auth.ErrUnknownUser, auth.ErrMethod, auth.ErrInvalid)
			if resp.Identity != nil || resp.Next != nil {
				t.Errorf("%s, %s: it went on", l.Method, name)
			}
		}
		if s.Unknown != "" {
			other := l.Request()
			other.User = s.Unknown
			_, err := s.Authenticator.Authenticate(t.Context(), other)
			wantKind(t, string(l.Method)+" of another user", err, auth.ErrDenied, auth.ErrUnknownUser, auth.ErrInvalid)
		}
		mustLogin(t, s, l)
	}
}

// spoiled returns another key of the same form.
func spoiled(key []byte) []byte {
	other := bytes.Clone(key)
	if len(other) > 0 {
		other[len(other)-1] ^= 1
	}
	return other
}
