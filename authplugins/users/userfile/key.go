package userfile

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// minRSA is the minimum size of an RSA key, in bits.
const minRSA = 2048

// keyDSA is a key type that is refused.
const keyDSA = "ssh-dss"

// AuthorizedKey is a line of OpenSSH's authorized_keys: a key of a user, or an authority for
// certificates.
type AuthorizedKey struct {
	key       []byte // in wire format
	comment   string
	from      Networks
	expires   time.Time // zero: never
	authority bool
	// Principals of an authority's certificates. Empty: those of the user.
	principals []string
}

// ParseAuthorizedKey parses one line, with its options. Its error says what to do.
func ParseAuthorizedKey(line string) (AuthorizedKey, error) {
	if strings.ContainsAny(line, "\r\n") {
		return AuthorizedKey{}, errors.New("a key is one line")
	}
	public, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return AuthorizedKey{}, errors.New("this is no public key in OpenSSH's form: give the line of the .pub file")
	}
	if err := checkStrength(public); err != nil {
		return AuthorizedKey{}, err
	}
	k := AuthorizedKey{key: public.Marshal(), comment: comment}
	for _, option := range options {
		if err := k.option(option); err != nil {
			return AuthorizedKey{}, err
		}
	}
	if k.principals != nil && !k.authority {
		return AuthorizedKey{}, errors.New("the option principals is for cert-authority only")
	}
	return k, nil
}

// option applies an option of a key. It refuses an unknown option, because options restrict access.
func (k *AuthorizedKey) option(text string) error {
	name, value, given := strings.Cut(text, "=")
	name = strings.ToLower(name)
	if given {
		unquoted, ok := unquote(value)
		if !ok {
			return fmt.Errorf("the value of the option %s is not in quotes", name)
		}
		value = unquoted
	}
	switch name {
	case "restrict", "no-agent-forwarding", "no-port-forwarding", "no-pty", "no-user-rc", "no-x11-forwarding":
		return nil // filegate has none of these features
	case "cert-authority":
		k.authority = true
		return nil
	case "from", "principals", "expiry-time":
		if value == "" {
			return fmt.Errorf("the option %s has no value", name)
		}
	default:
		return fmt.Errorf("the option %s is not supported: remove it. The options are from, restrict, no-…, expiry-time, cert-authority and principals", name)
	}
	var err error
	switch name {
	case "from":
		if k.from != nil {
			return errors.New("the option from is given twice")
		}
		k.from, err = parseFrom(value)
	case "principals":
		k.principals = strings.Split(value, ",")
	case "expiry-time":
		k.expires, err = parseExpiry(value)
	}
	if err != nil {
		return fmt.Errorf("the option %s: %w", name, err)
	}
	return nil
}

// unquote removes the quotes around an option's value, in which \" is the only escape.
func unquote(text string) (string, bool) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", false
	}
	return strings.ReplaceAll(text[1:len(text)-1], `\"`, `"`), true
}

// parseExpiry parses YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in local time or, with the suffix Z,
// in UTC.
func parseExpiry(text string) (time.Time, error) {
	digits, utc := strings.CutSuffix(text, "Z")
	where := time.Local
	if utc {
		where = time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			if t, err := time.ParseInLocation(layout, digits, where); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: write one such as 20301231 or 203012312359Z", text)
}

// checkStrength refuses weak types of keys, and certificates where a key is required.
func checkStrength(key ssh.PublicKey) error {
	if _, ok := key.(*ssh.Certificate); ok {
		return errors.New("this is a certificate: give the key of its authority, with the option cert-authority")
	}
	switch key.Type() {
	case keyDSA:
		return errors.New("DSA keys are refused: make another with ssh-keygen -t ed25519")
	case ssh.KeyAlgoRSA:
		crypto, ok := key.(ssh.CryptoPublicKey)
		if !ok {
			return errors.New("this RSA key cannot be parsed")
		}
		if public, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); !ok || public.N.BitLen() < minRSA {
			return fmt.Errorf("an RSA key of less than %d bits is refused: make another with ssh-keygen -t ed25519", minRSA)
		}
	}
	return nil
}

// Comment returns the text after the key.
func (k AuthorizedKey) Comment() string { return k.comment }

// same reports whether the key, in wire format, is the same.
func (k AuthorizedKey) same(key []byte) bool { return bytes.Equal(k.key, key) }

// allows returns the reason why a client at from may not use the key now, or nil.
func (k AuthorizedKey) allows(from netip.Addr, now time.Time) error {
	switch {
	case !k.from.Contain(from):
		return errors.New("the key may not be used from this address")
	case !k.expires.IsZero() && !now.Before(k.expires):
		return errors.New("the key has expired")
	}
	return nil
}

// Is reports whether the line has this key, in SSH's wire format.
func (k AuthorizedKey) Is(key []byte) bool { return k.same(key) }

// Opens returns the reason why a client at that address may not log in with a public key, in SSH's
// wire format, by this line alone, or nil. A line with the option cert-authority accepts no key.
func (k AuthorizedKey) Opens(key []byte, from netip.Addr, now time.Time) error {
	if k.authority || !k.same(key) {
		return errors.New("the key is another one")
	}
	return k.allows(from, now)
}
