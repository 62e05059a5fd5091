package ldap

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

const (
	maxPassword = 4096
	maxGroups   = 1000 // maximum that a search may return
	maxShown    = 256  // maximum in an identity
)

// Authenticator checks logins against a directory.
type Authenticator struct {
	settings
	directory *directory
	storage   auth.Authenticator // may be nil
	sealer    authplugin.Sealer
}

var (
	_ auth.Revalidator = (*Authenticator)(nil)
	_ auth.Releaser    = (*Authenticator)(nil)
)

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	p := proofOf(req)
	switch {
	case req.Method == auth.Password:
		p.Password = req.Password.Reveal()
	case req.Method != auth.PublicKey || a.keyAttribute == "":
		return auth.Response{}, auth.ErrMethod
	}
	f, err := a.check(ctx, p)
	if err != nil {
		return auth.Response{}, err
	}
	p.User, p.DN = f.user, f.entry.DN
	p.ID, p.Changed = snapshot(f.entry, idAttributes), snapshot(f.entry, changeAttributes)
	id, err := a.identity(f)
	if err != nil {
		return auth.Response{}, fmt.Errorf("%q: %w: %w", f.user, err, auth.ErrDenied)
	}
	if !req.Asks() {
		if id.Grant, err = a.grant(ctx, f, p); err != nil {
			return auth.Response{}, err
		}
	}
	return auth.Response{Identity: &id}, nil
}

// check looks up the user in the directory, and returns an error unless the user may log in. If the
// proof contains no password, as after a login, the password is not checked.
func (a *Authenticator) check(ctx context.Context, p proof) (facts, error) {
	if err := ctx.Err(); err != nil {
		return facts{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	switch {
	case p.Login == "" || (p.Method == auth.Password && p.Password == "" && p.DN == ""):
		return facts{}, fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	case len(p.Password) > maxPassword:
		return facts{}, fmt.Errorf("a password longer than %d bytes: %w", maxPassword, auth.ErrDenied)
	case !fits(p.Login):
		return facts{}, fmt.Errorf("no name of a user: %w", auth.ErrUnknownUser)
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	var f facts
	err := a.directory.do(ctx, func(c *conn) (err error) {
		f, err = a.ask(c, p)
		return err
	})
	if err != nil {
		return facts{}, fmt.Errorf("%q: %w", p.Login, err)
	}
	if err := a.permit(f, p); err != nil {
		return facts{}, fmt.Errorf("%q, %q in the directory: %w: %w", p.Login, f.entry.DN, err, auth.ErrDenied)
	}
	return f, nil
}

// ask finds the user, and checks the password if the proof contains one.
func (a *Authenticator) ask(c *conn, p proof) (facts, error) {
	if !a.looksUp() {
		dn := a.userDN.dn(p.Login)
		if err := c.bindUser(dn, auth.Secret(p.Password)); err != nil {
			return facts{}, err
		}
		return a.read(c, p.Login)
	}
	if err := c.bindService(a.bindDN, a.bindPassword); err != nil {
		return facts{}, err
	}
	f, err := a.read(c, p.Login)
	if err != nil || p.Password == "" {
		return f, err
	}
	return f, c.bindUser(f.entry.DN, auth.Secret(p.Password))
}

// read returns the user's data, as far as the account that the connection is bound to may read
// them.
func (a *Authenticator) read(c *conn, login string) (facts, error) {
	base, scope, filter := a.searchBase, ldap.ScopeWholeSubtree, "(objectClass=*)"
	if a.userDN.isEmpty() {
		filter = a.searchFilter.filter(login, "")
	} else {
		base, scope = a.userDN.dn(login), ldap.ScopeBaseObject
	}
	found, err := c.search("search for the user", base, scope, filter, 2, a.attributes)
	entries := found.Entries
	switch {
	case errors.Is(err, errTooMany) || (err == nil && len(entries) > 1):
		return facts{}, fmt.Errorf("the directory has several entries for this name: make search_filter narrower: %w", auth.ErrDenied)
	case err != nil:
		return facts{}, err
	case len(entries) == 0:
		return facts{}, fmt.Errorf("the directory has no entry, or does not show it: %w", auth.ErrUnknownUser)
	case entries[0].DN == "":
		return facts{}, fmt.Errorf("the directory shows an entry without a DN: %w", auth.ErrDenied)
	}
	f := facts{entry: entries[0], meets: true}
	if err := a.checkName(f.entry, login); err != nil {
		// If the password was checked before, an answer other than to a wrong password would tell
		// that it was right.
		kind := auth.ErrUnknownUser
		if !a.looksUp() {
			kind = auth.ErrDenied
		}
		return facts{}, fmt.Errorf("%w: %w", err, kind)
	}
	if f.user, err = canonical(f.entry, a.userAttribute, login); err != nil {
		return facts{}, fmt.Errorf("%w: %w", err, auth.ErrDenied)
	}
	if a.requiredFilter != "" {
		met, err := c.search("required_filter", f.entry.DN, ldap.ScopeBaseObject, a.requiredFilter, 1, []string{"1.1"})
		if err != nil && !errors.Is(err, errTooMany) {
			return facts{}, err
		}
		f.meets = len(met.Entries) > 0
	}
	f.groups, err = a.groupsOf(c, f)
	return f, err
}

// groupsOf returns the user's groups.
func (a *Authenticator) groupsOf(c *conn, f facts) ([]group, error) {
	if a.groupBase == "" {
		groups, err := memberOf(f.entry, a.groupAttribute)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
		}
		return groups, nil
	}
	filter := a.groupFilter.filter(f.user, f.entry.DN)
	found, err := c.search("search for the groups", a.groupBase, ldap.ScopeWholeSubtree, filter, maxGroups, []string{a.groupName})
	if errors.Is(err, errTooMany) {
		return nil, fmt.Errorf("the user is in more than %d groups below group_base: %w", maxGroups, auth.ErrUnavailable)
	}
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(found.Referrals, mayHaveGroups); i >= 0 {
		return nil, fmt.Errorf("further groups may be at %q, which is not asked: set group_base to a place that this server has wholly: %w", printable(found.Referrals[i]), auth.ErrUnavailable)
	}
	var groups []group
	for _, e := range found.Entries {
		names := e.GetEqualFoldAttributeValues(a.groupName)
		if len(names) == 0 {
			names = []string{""} // the configuration may name the group by its DN
		}
		for _, name := range names {
			groups = append(groups, group{name, e.DN})
		}
	}
	return groups, nil
}

// mayHaveGroups reports whether the place of a continuation reference may contain groups. The
// partitions that Active Directory refers to for every search at the root of a domain do not.
func mayHaveGroups(reference string) bool {
	u, err := url.Parse(reference)
	if err != nil {
		return true
	}
	dn, err := ldap.ParseDN(strings.TrimPrefix(u.Path, "/"))
	if err != nil || len(dn.RDNs) == 0 {
		return true
	}
	first := dn.RDNs[0].Attributes[0].Value
	return !slices.ContainsFunc([]string{"Configuration", "DomainDnsZones", "ForestDnsZones"}, func(p string) bool { return strings.EqualFold(p, first) })
}

// permit returns an error if the user may not log in with this proof.
func (a *Authenticator) permit(f facts, p proof) error {
	now := time.Now()
	if err := disabled(f.entry, now); err != nil {
		return err
	}
	if !f.meets {
		return errors.New("the entry does not match required_filter")
	}
	if len(a.groups) > 0 && !slices.ContainsFunc(a.groups, f.isIn) {
		return fmt.Errorf("the user is in none of the groups %q", a.groups)
	}
	if p.Method == auth.PublicKey {
		from, _ := netip.ParseAddrPort(p.Remote) // if the address is unknown, it is not valid, and no network contains it
		return f.checkKey(a.keyAttribute, p.Key, from.Addr(), now)
	}
	return nil
}

// isIn reports whether the user is a member of the group that the operator has named.
func (f facts) isIn(named string) bool {
	return slices.ContainsFunc(f.groups, func(g group) bool { return g.is(named) })
}

// identity returns the identity of the user, without a grant.
func (a *Authenticator) identity(f facts) (auth.Identity, error) {
	id := auth.Identity{User: f.user, Permissions: a.permissions, CacheFor: a.cacheFor}
	home := a.home
	var given []auth.Permission
	homeFound := false
	for _, named := range a.groups {
		if !f.isIn(named) {
			continue
		}
		id.Groups = append(id.Groups, shortName(named))
		given = append(given, a.groupPermissions[named]...)
		if t, ok := a.groupHomes[named]; ok && !homeFound {
			home, homeFound = t, true
		}
	}
	if len(a.groups) == 0 {
		for _, g := range f.groups {
			if fits(g.name) && len(id.Groups) < maxShown {
				id.Groups = append(id.Groups, g.name)
			}
		}
	}
	if len(given) > 0 {
		id.Permissions = slices.DeleteFunc(auth.Permissions(), func(p auth.Permission) bool { return !slices.Contains(given, p) })
	}
	var err error
	id.Home, err = f.homeIn(home)
	return id, err
}

// shortName returns the name of a group that the operator has named, also if named is a DN.
func shortName(named string) string {
	if dn, err := ldap.ParseDN(named); strings.Contains(named, "=") && err == nil && len(dn.RDNs) > 0 {
		return dn.RDNs[0].Attributes[0].Value
	}
	return named
}

// homeIn returns the home directory from a template. A value inserted into the template cannot lead
// out of the directory that the operator has written before it.
func (f facts) homeIn(t template) (string, error) {
	if t.isEmpty() {
		return "", nil
	}
	home, err := t.expand(func(name string) (string, error) {
		value, err := f.fill(template{texts: []string{"", ""}, names: []string{name}})
		if err == nil && !t.isWhole() && (strings.Contains(value, "/") || value == "." || value == "..") {
			err = fmt.Errorf("%q cannot be a part of the home directory", value)
		}
		return value, err
	})
	switch {
	case err != nil:
		return "", err
	case !path.IsAbs(home) || path.Clean(home) != home || strings.ContainsFunc(home, unicode.IsControl):
		return "", fmt.Errorf("the home directory %q is no clean absolute path", home)
	}
	return home, nil
}
