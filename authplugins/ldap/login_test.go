package ldap_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"filegate/core/auth"
)

// searching returns a configuration that searches for users in the slapd.
func (s *slapd) searching() map[string]any {
	return map[string]any{"servers": []string{"ldaps://" + s.tls}, "ca_file": s.ca, "bind_dn": readerDN, "bind_password": "readerpass", "search_base": people}
}

// binding returns a configuration with user_dn for the slapd.
func (s *slapd) binding() map[string]any {
	return map[string]any{"servers": []string{"ldap://" + s.plain}, "ca_file": s.ca, "user_dn": "uid={user}," + people}
}

// TestAccounts tests accounts that are disabled, each in the way of one directory: logins by
// password and by key are refused, and the next authenticator of a chain is not asked.
func TestAccounts(t *testing.T) {
	s := startSlapd(t)
	key := newSSHKey(t)
	yesterday, tomorrow := time.Now().Add(-24*time.Hour), time.Now().Add(48*time.Hour)
	fileTime := func(at time.Time) string { return strconv.FormatInt(at.UnixNano()/100+116444736000000000, 10) }
	day := func(at time.Time) string { return strconv.FormatInt(at.Unix()/86400, 10) }
	for uid, c := range map[string]struct {
		with person
		want error
	}{
		"open":      {nil, nil},
		"normal":    {person{"userAccountControl": {"512"}, "accountExpires": {"9223372036854775807"}}, nil},
		"later":     {person{"accountExpires": {fileTime(tomorrow)}, "shadowExpire": {day(tomorrow)}, "nsAccountLock": {"FALSE"}}, nil},
		"never":     {person{"accountExpires": {"0"}, "shadowExpire": {"-1"}}, nil},
		"disabled":  {person{"userAccountControl": {"514"}}, auth.ErrDenied},
		"over":      {person{"accountExpires": {fileTime(yesterday)}}, auth.ErrDenied},
		"shadow":    {person{"shadowExpire": {day(yesterday)}}, auth.ErrDenied},
		"ended":     {person{"krbPrincipalExpiration": {yesterday.UTC().Format("20060102150405Z")}}, auth.ErrDenied},
		"ends":      {person{"krbPrincipalExpiration": {tomorrow.UTC().Format("20060102150405Z")}}, nil},
		"oddend":    {person{"krbPrincipalExpiration": {"soon"}}, auth.ErrDenied},
		"locked":    {person{"nsAccountLock": {"TRUE"}}, auth.ErrDenied},
		"odd":       {person{"nsAccountLock": {"perhaps"}}, auth.ErrDenied},
		"oddexpire": {person{"accountExpires": {"some day"}}, auth.ErrDenied},
	} {
		if c.with == nil {
			c.with = person{}
		}
		c.with["sshPublicKey"] = []string{authorizedLine(key)}
		s.add(t, uid, password, c.with)
		a := authenticator(t, s.searching(), map[string]any{"key_attribute": "sshPublicKey"})
		for _, req := range []auth.Request{byPassword(uid, password), byKey(uid, key)} {
			if _, err := a.Authenticate(t.Context(), req); !errors.Is(err, c.want) {
				t.Errorf("%s by %s: got %v, want %v", uid, req.Method, err, c.want)
			}
		}
	}
	t.Run("locked by a policy", func(t *testing.T) {
		s.set(t, "open", "pwdAccountLockedTime", "000001010000Z")
		a := authenticator(t, s.searching(), map[string]any{"key_attribute": "sshPublicKey"})
		for _, req := range []auth.Request{byPassword("open", password), byKey("open", key)} {
			if _, err := a.Authenticate(t.Context(), req); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("by %s: got %v, want %v", req.Method, err, auth.ErrDenied)
			}
		}
		s.set(t, "open", "pwdAccountLockedTime")
	})
	t.Run("the password must be changed", func(t *testing.T) {
		s.set(t, "open", "pwdReset", "TRUE")
		for _, values := range []map[string]any{s.searching(), s.binding()} {
			_, err := authenticator(t, values, nil).Authenticate(t.Context(), byPassword("open", password))
			if !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) == "" {
				t.Errorf("got %v, for the client %q, want %v with a text", err, auth.ClientText(err), auth.ErrDenied)
			}
		}
		s.set(t, "open", "pwdReset")
	})
	t.Run("required_filter", func(t *testing.T) {
		a := authenticator(t, s.searching(), map[string]any{"required_filter": "(userAccountControl=512)"})
		if _, err := a.Authenticate(t.Context(), byPassword("normal", password)); err != nil {
			t.Errorf("one that matches: %v", err)
		}
		if _, err := a.Authenticate(t.Context(), byPassword("open", password)); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("one that does not: got %v, want %v", err, auth.ErrDenied)
		}
	})
}

// TestNames tests names with special characters of DNs and filters, and empty passwords, with a
// server that accepts a bind without a password.
func TestNames(t *testing.T) {
	s := startSlapd(t)
	s.add(t, "alice", password, nil)
	odd := `O'Brien, (x)*\ +"<#>=;é`
	s.add(t, odd, password, nil)
	s.add(t, "ann bob", password, nil)
	s.change(t, func(c *goldap.Conn) error {
		if _, err := c.SimpleBind(&goldap.SimpleBindRequest{Username: "uid=alice," + people, AllowEmptyPassword: true}); err != nil {
			return fmt.Errorf("this server should take a bind without a password: %w", err)
		}
		return nil
	})
	for name, values := range map[string]map[string]any{"search": s.searching(), "bind": s.binding()} {
		t.Run(name, func(t *testing.T) {
			a := authenticator(t, values, nil)
			for _, user := range []string{"*", "a*", "alice)(uid=*", "alice)(|(uid=*", "alice,ou=people", "alice+cn=x", "*)(objectClass=*", `alice\2a`, "alice\x00", "ali\xffce", "alice\n"} {
				resp, err := a.Authenticate(t.Context(), byPassword(user, password))
				if resp.Identity != nil || (!errors.Is(err, auth.ErrUnknownUser) && !errors.Is(err, auth.ErrDenied)) {
					t.Errorf("%q: got %+v, %v", user, resp.Identity, err)
				}
			}
			for _, pass := range []string{"", "\x00", password + "\x00", strings.Repeat("x", 5000)} {
				if _, err := a.Authenticate(t.Context(), byPassword("alice", pass)); !errors.Is(err, auth.ErrDenied) {
					t.Errorf("a password of %d bytes: got %v, want %v", len(pass), err, auth.ErrDenied)
				}
			}
			// The directory takes these for the same user, the gateway's count of failures does not.
			for _, user := range []string{"ann  bob", "\uff41nn bob", "an\u00adn bob"} {
				_, right := a.Authenticate(t.Context(), byPassword(user, password))
				_, wrong := a.Authenticate(t.Context(), byPassword(user, "wrong"))
				for _, kind := range []error{auth.ErrDenied, auth.ErrUnknownUser} {
					if right == nil || errors.Is(right, kind) != errors.Is(wrong, kind) {
						t.Errorf("%q: got %v with the right password and %v with a wrong one, want the same refusal", user, right, wrong)
					}
				}
			}
			// The name has the directory's spelling, not the client's.
			for written, want := range map[string]string{"alice": "alice", "ALICE": "alice", odd: odd} {
				resp, err := a.Authenticate(t.Context(), byPassword(written, password))
				if err != nil || resp.Identity.User != want {
					t.Errorf("%q: got %+v, %v, want the user %q", written, resp.Identity, err, want)
				}
			}
		})
	}
	t.Run("several entries", func(t *testing.T) {
		a := authenticator(t, s.searching(), map[string]any{"search_filter": "(|(uid={user})(objectClass=inetOrgPerson))"})
		if _, err := a.Authenticate(t.Context(), byPassword("alice", password)); !errors.Is(err, auth.ErrDenied) || !strings.Contains(err.Error(), "several entries") {
			t.Errorf("got %v, want %v", err, auth.ErrDenied)
		}
	})
	t.Run("a service account that is refused", func(t *testing.T) {
		a := authenticator(t, s.searching(), map[string]any{"bind_password": "wrong"})
		if _, err := a.Authenticate(t.Context(), byPassword("alice", password)); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "bind_dn") {
			t.Errorf("got %v, want %v that names bind_dn", err, auth.ErrUnavailable)
		}
	})
}

// TestGroups tests permissions and homes of groups, for both ways to find groups.
func TestGroups(t *testing.T) {
	s := startSlapd(t)
	for _, uid := range []string{"ann", "bob", "cid", "dora"} {
		s.add(t, uid, password, person{"homeDirectory": {"/homes/" + uid}})
	}
	s.group(t, "staff", "groups", "ann", "bob")
	s.group(t, "admins", "groups", "ann")
	s.group(t, "guests", "groups", "cid")
	s.group(t, "impostors", "elsewhere", "dora")
	s.group(t, "boss", "elsewhere", "dora")
	options := map[string]any{
		"groups":            []string{"cn=admins, ou=groups, DC=example,dc=net", "Staff", "guests"},
		"group_permissions": map[string]string{"Staff": "list, read", "cn=admins, ou=groups, DC=example,dc=net": "write"},
		"permissions":       []string{"list"},
		"home":              "{homeDirectory}",
		"group_homes":       map[string]string{"Staff": "/staff/{user}", "cn=admins, ou=groups, DC=example,dc=net": "/"},
	}
	searched := map[string]any{"group_base": "ou=groups,dc=example,dc=net"}
	for name, how := range map[string]map[string]any{"memberOf": {}, "search": searched} {
		t.Run(name, func(t *testing.T) {
			a := authenticator(t, s.searching(), options)
			if len(how) > 0 {
				all := map[string]any{}
				for _, m := range []map[string]any{s.searching(), options, how} {
					for k, v := range m {
						all[k] = v
					}
				}
				a = authenticator(t, all, nil)
			}
			for user, want := range map[string]*auth.Identity{
				"ann":  {Groups: []string{"admins", "Staff"}, Permissions: []auth.Permission{auth.Read, auth.List, auth.Write}, Home: "/"},
				"bob":  {Groups: []string{"Staff"}, Permissions: []auth.Permission{auth.Read, auth.List}, Home: "/staff/bob"},
				"cid":  {Groups: []string{"guests"}, Permissions: []auth.Permission{auth.List}, Home: "/homes/cid"},
				"dora": nil,
			} {
				resp, err := a.Authenticate(t.Context(), byPassword(user, password))
				switch {
				case want == nil && !errors.Is(err, auth.ErrDenied):
					t.Errorf("%s: got %v, want %v", user, err, auth.ErrDenied)
				case want == nil:
				case err != nil:
					t.Errorf("%s: %v", user, err)
				case !slices.Equal(resp.Identity.Groups, want.Groups), !slices.Equal(resp.Identity.Permissions, want.Permissions), resp.Identity.Home != want.Home:
					t.Errorf("%s: got %+v, want %+v", user, *resp.Identity, *want)
				}
			}
		})
	}
	// A group with the same name elsewhere in the directory counts, unless group_base excludes its
	// place.
	for want, more := range map[error]map[string]any{nil: {}, auth.ErrDenied: searched} {
		a := authenticator(t, s.searching(), map[string]any{"groups": []string{"boss"}})
		if len(more) > 0 {
			a = authenticator(t, s.searching(), map[string]any{"groups": []string{"boss"}, "group_base": more["group_base"]})
		}
		if _, err := a.Authenticate(t.Context(), byPassword("dora", password)); !errors.Is(err, want) {
			t.Errorf("with %v: got %v, want %v", more, err, want)
		}
	}
	// A user who can write the own home directory cannot leave the operator's directory.
	for _, home := range []string{"..", "/", "a/../..", "a/b", "."} {
		s.set(t, "ann", "homeDirectory", home)
		a := authenticator(t, s.searching(), map[string]any{"home": "/files/{homeDirectory}"})
		if resp, err := a.Authenticate(t.Context(), byPassword("ann", password)); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("home %q: got %+v, %v", home, resp.Identity, err)
		}
	}
}

// TestKeys tests lines of authorized_keys in the directory.
func TestKeys(t *testing.T) {
	s := startSlapd(t)
	plain, fromHere, authority, stranger := newSSHKey(t), newSSHKey(t), newSSHKey(t), newSSHKey(t)
	s.add(t, "alice", password, person{"sshPublicKey": {
		authorizedLine(plain) + " laptop\n", `from="192.0.2.0/24" ` + authorizedLine(fromHere), "cert-authority " + authorizedLine(authority), "rubbish",
		`command="x" ` + authorizedLine(stranger), // a key with an unknown option is refused
	}})
	a := authenticator(t, s.searching(), map[string]any{"key_attribute": "sshPublicKey"})
	if resp, err := a.Authenticate(t.Context(), byKey("alice", plain)); err != nil || resp.Identity.User != "alice" {
		t.Errorf("got %+v, %v", resp.Identity, err)
	}
	ask := byKey("alice", plain)
	ask.Verified = false
	if resp, err := a.Authenticate(t.Context(), ask); err != nil || len(resp.Identity.Grant.Renewal) > 0 {
		t.Errorf("asked about a key: got %+v, %v, want no grant", resp.Identity, err)
	}
	here := byKey("alice", fromHere)
	here.Remote = netipAddr("192.0.2.7:1")
	if _, err := a.Authenticate(t.Context(), here); err != nil {
		t.Errorf("from the network of the key: %v", err)
	}
	there := here
	there.Remote = netipAddr("198.51.100.7:1")
	for name, req := range map[string]auth.Request{"from elsewhere": there, "from nowhere": byKey("alice", fromHere), "an authority": byKey("alice", authority), "a stranger's": byKey("alice", stranger)} {
		if _, err := a.Authenticate(t.Context(), req); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: got %v, want %v", name, err, auth.ErrDenied)
		}
	}
	if _, err := authenticator(t, s.searching(), nil).Authenticate(t.Context(), byKey("alice", plain)); !errors.Is(err, auth.ErrMethod) {
		t.Errorf("without key_attribute: got %v, want %v", err, auth.ErrMethod)
	}
}
