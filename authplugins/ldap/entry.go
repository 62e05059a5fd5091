package ldap

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"filegate/authplugins/users/userfile"
)

// facts are what the directory says of a user.
type facts struct {
	entry  *ldap.Entry
	user   string // the canonical name
	groups []group
	meets  bool // required_filter
}

// group is a group of the user.
type group struct{ name, dn string }

// is reports whether the group is the one that the operator has named.
func (g group) is(named string) bool {
	if !strings.Contains(named, "=") {
		return strings.EqualFold(g.name, named)
	}
	want, err := ldap.ParseDN(named)
	if err != nil {
		return false
	}
	dn, err := ldap.ParseDN(g.dn)
	return err == nil && dn.EqualFold(want)
}

// stateAttributes say whether an account is disabled, or over.
var stateAttributes = []string{"userAccountControl", "accountExpires", "nsAccountLock", "loginDisabled", "pwdAccountLockedTime", "shadowExpire", "msDS-UserAccountDisabled"}

// endAttributes are times (RFC 4517, section 3.3.13) from which on an account is over.
var endAttributes = []string{"krbPrincipalExpiration", "loginExpirationTime", "pwdEndTime"}

// changeAttributes say when a password was changed.
var changeAttributes = []string{"pwdChangedTime", "pwdLastSet", "krbLastPwdChange", "passwordChangedTime", "sambaPwdLastSet", "shadowLastChange"}

// idAttributes tell an entry from a later one of the same name.
var idAttributes = []string{"entryUUID", "nsUniqueId", "ipaUniqueID", "objectGUID"}

const (
	accountDisable = 0x2 // of userAccountControl
	// lockedForGood is the value of pwdAccountLockedTime that an administrator sets. Others come
	// from wrong passwords, and are for the server's next bind.
	lockedForGood = "000001010000Z"
	// fileTimeEpoch is 1970 in the hundreds of nanoseconds since 1601 of accountExpires.
	fileTimeEpoch = 116444736000000000
	neverExpires  = 1<<63 - 1
)

// disabled returns why an account is not in use now, or nil. A value that cannot be read counts as
// a restriction.
func disabled(e *ldap.Entry, now time.Time) error {
	for _, name := range []string{"nsAccountLock", "loginDisabled", "msDS-UserAccountDisabled"} {
		if v := e.GetEqualFoldAttributeValue(name); v != "" && !strings.EqualFold(v, "FALSE") {
			return fmt.Errorf("the account is disabled (%s)", name)
		}
	}
	if e.GetEqualFoldAttributeValue("pwdAccountLockedTime") == lockedForGood {
		return errors.New("the account is locked (pwdAccountLockedTime)")
	}
	control, isSet, err := number(e, "userAccountControl")
	if err != nil || (isSet && control&accountDisable != 0) {
		return errors.Join(errors.New("the account is disabled (userAccountControl)"), err)
	}
	expires, isSet, err := number(e, "accountExpires")
	if err != nil || (isSet && expires != 0 && expires != neverExpires && now.UnixNano()/100 >= expires-fileTimeEpoch) {
		return errors.Join(errors.New("the account has expired (accountExpires)"), err)
	}
	for _, name := range endAttributes {
		text := e.GetEqualFoldAttributeValue(name)
		if text == "" {
			continue
		}
		end, err := ber.ParseGeneralizedTime([]byte(text))
		if err != nil || !now.Before(end) {
			return errors.Join(fmt.Errorf("the account has expired (%s)", name), err)
		}
	}
	day, isSet, err := number(e, "shadowExpire")
	if err != nil || (isSet && day >= 0 && now.Unix()/(24*60*60) >= day) {
		return errors.Join(errors.New("the account has expired (shadowExpire)"), err)
	}
	return nil
}

// number returns the value of an attribute that is a number.
func number(e *ldap.Entry, name string) (n int64, isSet bool, err error) {
	text := e.GetEqualFoldAttributeValue(name)
	if text == "" {
		return 0, false, nil
	}
	n, err = strconv.ParseInt(text, 10, 64)
	return n, true, err
}

// snapshot returns the values of some attributes. They are the same as long as nothing was changed
// there; where the directory does not show the attributes, the text is empty.
func snapshot(e *ldap.Entry, attributes []string) string {
	var b strings.Builder
	for _, name := range attributes {
		if v := e.GetEqualFoldAttributeValue(name); v != "" {
			fmt.Fprintf(&b, "%s=%x\n", name, v)
		}
	}
	return b.String()
}

// canonical returns the user's name in the directory's spelling: of several values that which the
// client has written.
func canonical(e *ldap.Entry, attribute, written string) (string, error) {
	values := e.GetEqualFoldAttributeValues(attribute)
	i := slices.IndexFunc(values, func(v string) bool { return strings.EqualFold(v, written) })
	switch {
	case len(values) == 1:
		i = 0
	case len(values) == 0:
		return "", fmt.Errorf("the entry %q has no %s: set user_attribute to one that it has", e.DN, attribute)
	case i < 0:
		return "", fmt.Errorf("the entry %q has several values of %s, and the login's name is none of them", e.DN, attribute)
	}
	if !fits(values[i]) {
		return "", fmt.Errorf("the entry %q has a value of %s that cannot be a user's name", e.DN, attribute)
	}
	return values[i], nil
}

// one returns the value of an attribute that must have one.
func one(e *ldap.Entry, name string) (string, error) {
	values := e.GetEqualFoldAttributeValues(name)
	if len(values) != 1 || values[0] == "" {
		return "", fmt.Errorf("the entry %q has %d values of %s, and one is needed", e.DN, len(values), name)
	}
	return values[0], nil
}

// fill expands a template with the facts.
func (f facts) fill(t template) (string, error) {
	return t.expand(func(name string) (string, error) {
		if name == placeUser {
			return f.user, nil
		}
		return one(f.entry, name)
	})
}

// memberOf returns the groups that an attribute of the entry names.
func memberOf(e *ldap.Entry, attribute string) ([]group, error) {
	var groups []group
	for _, a := range e.Attributes {
		name, _, options := strings.Cut(a.Name, ";")
		if !strings.EqualFold(name, attribute) {
			continue
		}
		if options {
			return nil, fmt.Errorf("the entry %q has more groups than the server shows at once: set group_base, so that they are searched", e.DN)
		}
		for _, dn := range a.Values {
			parsed, err := ldap.ParseDN(dn)
			if err != nil || len(parsed.RDNs) == 0 || len(parsed.RDNs[0].Attributes) != 1 {
				continue // what is no DN is in nobody's configuration
			}
			groups = append(groups, group{parsed.RDNs[0].Attributes[0].Value, dn})
		}
	}
	return groups, nil
}

// checkKey returns why a client at that address may not log in with a key; nil if it may.
func (f facts) checkKey(attribute string, key []byte, from netip.Addr, now time.Time) error {
	err := errors.New("the key is not the user's")
	for _, line := range f.entry.GetEqualFoldAttributeValues(attribute) {
		k, bad := userfile.ParseAuthorizedKey(strings.TrimSpace(line))
		if bad != nil {
			continue // such as a kind of key that is refused: it opens to nobody
		}
		opens := k.Opens(key, from, now)
		if opens == nil {
			return nil
		}
		if k.Is(key) {
			err = opens
		}
	}
	return err
}
