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

// facts are the data of a user in the directory.
type facts struct {
	entry  *ldap.Entry
	user   string // in the spelling of the directory
	groups []group
	meets  bool // the entry matches required_filter
}

// group is a group of the user. The name is empty if only the DN identifies the group.
type group struct{ name, dn string }

// is reports whether g is the group that the operator has named, by its name or its DN.
func (g group) is(named string) bool {
	if !strings.Contains(named, "=") {
		return strings.EqualFold(g.name, named)
	}
	return sameDN(g.dn, named)
}

// sameDN reports whether two DNs are equal, ignoring case.
func sameDN(a, b string) bool {
	x, err := ldap.ParseDN(a)
	if err != nil {
		return false
	}
	y, err := ldap.ParseDN(b)
	return err == nil && x.EqualFold(y)
}

// stateAttributes are the attributes that show that an account is disabled, locked or expired.
var stateAttributes = []string{"userAccountControl", "accountExpires", "nsAccountLock", "loginDisabled", "pwdAccountLockedTime", "shadowExpire", "msDS-UserAccountDisabled"}

// endAttributes are the attributes with the time at which an account expires, in the format of RFC
// 4517, section 3.3.13.
var endAttributes = []string{"krbPrincipalExpiration", "loginExpirationTime", "pwdEndTime"}

// changeAttributes are the attributes with the time at which the password was changed.
var changeAttributes = []string{"pwdChangedTime", "pwdLastSet", "krbLastPwdChange", "passwordChangedTime", "sambaPwdLastSet", "shadowLastChange"}

// idAttributes identify an entry: a later entry with the same name has other values.
var idAttributes = []string{"entryUUID", "nsUniqueId", "ipaUniqueID", "objectGUID"}

const (
	accountDisable = 0x2 // of userAccountControl
	// lockedForGood is the value of pwdAccountLockedTime that an administrator sets. Other values
	// result from wrong passwords, and the server checks them at the next bind.
	lockedForGood = "000001010000Z"
	// fileTimeEpoch is the start of 1970 in the unit of accountExpires: hundreds of nanoseconds
	// since 1601.
	fileTimeEpoch = 116444736000000000
	neverExpires  = 1<<63 - 1
)

// disabled returns an error if an account is disabled, locked by an administrator, or expired. A
// value that cannot be parsed counts as a restriction.
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

// number returns the value of a numeric attribute.
func number(e *ldap.Entry, name string) (n int64, isSet bool, err error) {
	text := e.GetEqualFoldAttributeValue(name)
	if text == "" {
		return 0, false, nil
	}
	n, err = strconv.ParseInt(text, 10, 64)
	return n, true, err
}

// snapshot returns the values of some attributes as a text, which is equal as long as none of them
// changes. If the directory does not show the attributes, the text is empty.
func snapshot(e *ldap.Entry, attributes []string) string {
	var b strings.Builder
	for _, name := range attributes {
		if v := e.GetEqualFoldAttributeValue(name); v != "" {
			fmt.Fprintf(&b, "%s=%x\n", name, v)
		}
	}
	return b.String()
}

// canonical returns the user's name in the directory's spelling. Of several values it returns the
// one that equals the name that the client sent, ignoring case.
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

// one returns the value of an attribute. It fails unless there is exactly one value.
func one(e *ldap.Entry, name string) (string, error) {
	values := e.GetEqualFoldAttributeValues(name)
	if len(values) != 1 || values[0] == "" {
		return "", fmt.Errorf("the entry %q has %d values of %s, and one is needed", e.DN, len(values), name)
	}
	return values[0], nil
}

// fill expands a template with the data of the user.
func (f facts) fill(t template) (string, error) {
	return t.expand(func(name string) (string, error) {
		if name == placeUser {
			return f.user, nil
		}
		return one(f.entry, name)
	})
}

// memberOf returns the groups that are listed in an attribute of the entry.
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
			if err != nil || len(parsed.RDNs) == 0 {
				continue // the configuration cannot name a value that is not a DN
			}
			g := group{dn: dn}
			if first := parsed.RDNs[0].Attributes; len(first) == 1 {
				g.name = first[0].Value
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// checkKey returns an error if a client at that address may not log in with the key.
func (f facts) checkKey(attribute string, key []byte, from netip.Addr, now time.Time) error {
	err := errors.New("the key is not the user's")
	for _, line := range f.entry.GetEqualFoldAttributeValues(attribute) {
		k, bad := userfile.ParseAuthorizedKey(strings.TrimSpace(line))
		if bad != nil {
			continue // for example a refused type of key, which cannot be used for logins
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
