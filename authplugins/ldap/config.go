package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

const (
	defaultTimeout      = "10s"
	defaultCacheFor     = "30s"
	defaultConnections  = 8
	maxConnections      = 64
	defaultSearchFilter = "(uid={user})"
	defaultGroupFilter  = "(member={dn})"
)

// config is the operator's configuration.
type config struct {
	Servers        []string    `json:"servers"`
	CAFile         string      `json:"ca_file"`
	Insecure       bool        `json:"insecure"`
	StartTLS       bool        `json:"start_tls"`
	AllowClearText bool        `json:"allow_clear_text"`
	BindDN         string      `json:"bind_dn"`
	BindPassword   auth.Secret `json:"bind_password"`
	Timeout        string      `json:"timeout"`
	Connections    float64     `json:"connections"`
	CacheFor       string      `json:"cache_for"`

	UserDN         string `json:"user_dn"`
	SearchBase     string `json:"search_base"`
	SearchFilter   string `json:"search_filter"`
	RequiredFilter string `json:"required_filter"`
	UserAttribute  string `json:"user_attribute"`
	KeyAttribute   string `json:"key_attribute"`

	Groups           []string          `json:"groups"`
	GroupAttribute   string            `json:"group_attribute"`
	GroupBase        string            `json:"group_base"`
	GroupFilter      string            `json:"group_filter"`
	GroupName        string            `json:"group_name"`
	Permissions      []string          `json:"permissions"`
	GroupPermissions map[string]string `json:"group_permissions"`
	Home             string            `json:"home"`
	GroupHomes       map[string]string `json:"group_homes"`

	Storage         string            `json:"storage"`
	StorageOptions  map[string]string `json:"storage_options"`
	StorageLogin    string            `json:"storage_login"`
	StorageSecret   auth.Secret       `json:"storage_secret"`
	SecretAttribute string            `json:"storage_secret_attribute"`
	Key             auth.Secret       `json:"key"`
}

func defaults() config {
	return config{
		StartTLS: true, Timeout: defaultTimeout, Connections: defaultConnections, CacheFor: defaultCacheFor,
		SearchFilter: defaultSearchFilter, UserAttribute: "uid",
		GroupAttribute: "memberOf", GroupFilter: defaultGroupFilter, GroupName: "cn",
	}
}

// Kind describes the authenticator to its program.
func Kind() authplugin.Kind { return kind(os.Stderr) }

// kind is Kind with the place for advice about the configuration.
func kind(log io.Writer) authplugin.Kind {
	d := defaults()
	return authplugin.Kind{
		Info: auth.Info{
			Name:        "ldap",
			Methods:     []auth.Method{auth.Password, auth.PublicKey},
			Revalidates: true,
			Releases:    true,
			Schema: auth.Schema{
				{Name: "servers", Type: auth.TypeStringList, Required: true, Doc: `tried in order, as "ldaps://ldap.example.net" or "ldap://…" with StartTLS`},
				{Name: "ca_file", Type: auth.TypeString, Doc: "file of PEM certificates to trust instead of the system's"},
				{Name: "insecure", Type: auth.TypeBool, Default: "false", Doc: "do not check the servers' certificates; for tests only"},
				{Name: "start_tls", Type: auth.TypeBool, Default: "true", Doc: "encrypt connections to ldap:// servers with StartTLS"},
				{Name: "allow_clear_text", Type: auth.TypeBool, Default: "false", Doc: "send passwords unencrypted to ldap:// servers on other machines, without start_tls"},
				{Name: "bind_dn", Type: auth.TypeString, Doc: "service account that reads the entries; empty: anonymous, or the user where user_dn is set"},
				{Name: "bind_password", Type: auth.TypeString, Secret: true, Doc: "its password"},
				{Name: "user_dn", Type: auth.TypeString, Doc: `the DN of each user, as "uid={user},ou=people,dc=example,dc=net"; or use search_base`},
				{Name: "search_base", Type: auth.TypeString, Doc: "where users are searched, in place of user_dn"},
				{Name: "search_filter", Type: auth.TypeString, Default: d.SearchFilter, Doc: "finds the one entry of the user"},
				{Name: "required_filter", Type: auth.TypeString, Doc: "users whose entry does not match this filter are refused"},
				{Name: "user_attribute", Type: auth.TypeString, Default: d.UserAttribute, Doc: "the user's name in the gateway"},
				{Name: "key_attribute", Type: auth.TypeString, Doc: `public keys of SSH, such as "sshPublicKey"; empty: no logins with keys`},
				{Name: "groups", Type: auth.TypeStringList, Default: "[]", Doc: "names or DNs of groups, one of which a user must be in; empty: everybody may log in"},
				{Name: "group_attribute", Type: auth.TypeString, Default: d.GroupAttribute, Doc: "DNs of the user's groups, in the user's entry"},
				{Name: "group_base", Type: auth.TypeString, Doc: "where groups are searched, in place of group_attribute"},
				{Name: "group_filter", Type: auth.TypeString, Default: d.GroupFilter, Doc: `finds the user's groups, by {dn} or {user}`},
				{Name: "group_name", Type: auth.TypeString, Default: d.GroupName, Doc: "the name of a group that was searched"},
				{Name: "permissions", Type: auth.TypeStringList, Default: "[]", Doc: "of users whose groups have none; empty: all"},
				{Name: "group_permissions", Type: auth.TypeStringMap, Default: "map[]", Doc: `of members of groups, as { staff = "read, list, write" }; those of several groups add up`},
				{Name: "home", Type: auth.TypeString, Doc: `what is "/" to users, as "/files/{user}" or "{homeDirectory}"; empty: the root of the storage`},
				{Name: "group_homes", Type: auth.TypeStringMap, Default: "map[]", Doc: "the same for members of groups; the first in groups counts"},
				{Name: "storage", Type: auth.TypeString, Doc: `where users act: "keystone" or "swiftv1"; empty: the backend needs no credential`},
				{Name: "storage_options", Type: auth.TypeStringMap, Default: "map[]", Doc: "the options of that authenticator, as texts"},
				{Name: "storage_login", Type: auth.TypeString, Doc: `as whom users act there, as "files.{user}" or "{swiftLogin}"`},
				{Name: "storage_secret", Type: auth.TypeString, Secret: true, Doc: "the secret of that login, where it is the same for all users"},
				{Name: "storage_secret_attribute", Type: auth.TypeString, Doc: "attribute with the secret of the user's login, sealed by filegate users seal"},
				{Name: "key", Type: auth.TypeString, Secret: true, Doc: `opens these secrets: 32 random bytes in base64, as file("…") or env("…")`},
				{Name: "timeout", Type: auth.TypeString, Default: d.Timeout, Doc: "how long the directory may take for one login"},
				{Name: "connections", Type: auth.TypeNumber, Default: strconv.Itoa(defaultConnections), Doc: "at most so many at a time; further logins wait"},
				{Name: "cache_for", Type: auth.TypeString, Default: d.CacheFor, Doc: "how long the same login may be answered without asking again; 0s: not at all"},
			},
		},
		Configure: func(given authplugin.Config) (auth.Authenticator, auth.Diagnostics) { return configure(given, log) },
	}
}

// settings are the parsed options that logins need.
type settings struct {
	bindDN       string
	bindPassword auth.Secret
	timeout      time.Duration
	cacheFor     time.Duration

	userDN         template // empty: users are searched
	searchBase     string
	searchFilter   template
	requiredFilter string
	userAttribute  string
	assertions     []assertion // of the login's name, in userDN or searchFilter
	keyAttribute   string
	attributes     []string // to request for an entry

	groups           []string
	groupAttribute   string
	groupBase        string
	groupFilter      template
	groupName        string
	permissions      []auth.Permission
	groupPermissions map[string][]auth.Permission
	home             template
	groupHomes       map[string]template

	storageLogin    template
	storageSecret   auth.Secret
	secretAttribute string
	key             userfile.Key
}

// looksUp reports whether entries can be read without the user's password.
func (s *settings) looksUp() bool { return s.userDN.isEmpty() || s.bindDN != "" }

// reader reads a configuration and collects the mistakes in it.
type reader struct {
	config
	diags auth.Diagnostics
}

func (r *reader) wrong(attribute, summary, detail string) {
	r.diags = append(r.diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: detail})
}

// check reports an error about an attribute.
func (r *reader) check(attribute, summary string, err error) {
	if err != nil {
		r.wrong(attribute, summary, strings.ToUpper(err.Error()[:1])+err.Error()[1:]+".")
	}
}

func configure(given authplugin.Config, log io.Writer) (auth.Authenticator, auth.Diagnostics) {
	r := &reader{config: defaults()}
	if diags := given.Decode(&r.config); len(diags) > 0 {
		return nil, diags
	}
	a := &Authenticator{sealer: given.Sealer}
	a.directory = r.readDirectory()
	r.readTimes(&a.settings, given)
	r.readUsers(&a.settings)
	r.readGroups(&a.settings)
	a.storage = r.readStorage(&a.settings, given)
	if len(r.diags) > 0 {
		return nil, r.diags
	}
	r.advise(log)
	return a, nil
}

func (r *reader) readDirectory() *directory {
	d := &directory{tls: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: r.Insecure}}
	for _, text := range r.Servers {
		s, err := parseServer(text, r.StartTLS, r.AllowClearText)
		r.check("servers", "Unusable server", err)
		d.servers = append(d.servers, s)
	}
	if len(d.servers) == 0 {
		r.wrong("servers", "No server", `Name at least one, as servers = ["ldaps://ldap.example.net"].`)
	}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		d.tls.RootCAs = x509.NewCertPool()
		switch {
		case err != nil:
			r.wrong("ca_file", "Unreadable file", "The authenticator cannot read it: "+err.Error()+".")
		case !d.tls.RootCAs.AppendCertsFromPEM(pem):
			r.wrong("ca_file", "No certificate", "The file "+r.CAFile+" has no certificate in PEM form.")
		}
	}
	if r.Connections != float64(int(r.Connections)) || r.Connections < 1 || r.Connections > maxConnections {
		r.wrong("connections", "Unusable number", fmt.Sprintf("Give a whole number from 1 to %d.", maxConnections))
		return d
	}
	d.slots = make(chan struct{}, int(r.Connections))
	return d
}

func (r *reader) readTimes(s *settings, given authplugin.Config) {
	var err error
	if s.timeout, err = time.ParseDuration(r.Timeout); err != nil || s.timeout <= 0 {
		r.wrong("timeout", "Not a duration", `Give a positive number with a unit, such as "10s".`)
	} else {
		var diags auth.Diagnostics
		s.timeout, diags = given.Within("timeout", s.timeout)
		r.diags = append(r.diags, diags...)
	}
	if s.cacheFor, err = time.ParseDuration(r.CacheFor); err != nil || s.cacheFor < 0 {
		r.wrong("cache_for", "Not a duration", `Give a time with a unit, such as "30s", or "0s" for none.`)
	}
}

func (r *reader) readUsers(s *settings) {
	s.bindDN, s.bindPassword = r.BindDN, r.BindPassword
	switch {
	case (r.BindDN == "") != (r.BindPassword == ""):
		r.wrong("bind_password", "Half an account", "Give both bind_dn and bind_password: a bind without a password proves nothing.")
	case r.BindDN != "":
		r.checkDN("bind_dn", r.BindDN)
	}
	var err error
	switch {
	case (r.UserDN == "") == (r.SearchBase == ""):
		r.wrong("user_dn", "How are users found?", "Give either user_dn or search_base.")
	case r.UserDN != "":
		s.userDN, err = parseDN(r.UserDN)
		r.check("user_dn", "Unusable DN", err)
		if err == nil {
			s.assertions = dnAssertions(s.userDN)
		}
	default:
		s.searchBase = r.SearchBase
		r.checkDN("search_base", r.SearchBase)
		s.searchFilter, err = parseFilter(r.SearchFilter, placeUser)
		r.check("search_filter", "Unusable filter", err)
		if err == nil {
			s.assertions = filterAssertions(s.searchFilter)
		}
	}
	if r.RequiredFilter != "" {
		_, err := ldap.CompileFilter(r.RequiredFilter)
		r.check("required_filter", "Unusable filter", err)
	}
	s.requiredFilter = r.RequiredFilter
	s.userAttribute, s.keyAttribute = r.UserAttribute, r.KeyAttribute
	r.checkAttribute("user_attribute", r.UserAttribute)
	if r.KeyAttribute != "" {
		r.checkAttribute("key_attribute", r.KeyAttribute)
		if r.UserDN != "" && r.BindDN == "" {
			r.wrong("key_attribute", "Nobody can read the keys", "A login with a key has no password to read the entry with: give a service account with bind_dn.")
		}
	}
	s.attributes = slices.Concat([]string{r.UserAttribute}, stateAttributes, endAttributes, changeAttributes, idAttributes)
	for _, a := range s.assertions {
		s.attributes = append(s.attributes, a.attribute)
	}
	if r.KeyAttribute != "" {
		s.attributes = append(s.attributes, r.KeyAttribute)
	}
}

func (r *reader) checkDN(attribute, text string) {
	dn, err := ldap.ParseDN(text)
	if err == nil && len(dn.RDNs) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		r.wrong(attribute, "Not a DN", fmt.Sprintf(`%q is none: %v. Write one like "ou=people,dc=example,dc=net".`, text, err))
	}
}

func (r *reader) checkAttribute(attribute, text string) {
	if !placeholder.MatchString("{"+text+"}") || text == placeUser || text == placeDN {
		r.wrong(attribute, "Not an attribute", fmt.Sprintf("%q is no name of an LDAP attribute: letters, digits and hyphens.", text))
	}
}

func (r *reader) readGroups(s *settings) {
	s.groups, s.groupBase = r.Groups, r.GroupBase
	for _, name := range r.Groups {
		if strings.Contains(name, "=") {
			r.checkDN("groups", name)
		} else if !fits(name) {
			r.wrong("groups", "Not a group", fmt.Sprintf("%q is no name of a group.", name))
		}
	}
	s.groupAttribute, s.groupName = r.GroupAttribute, r.GroupName
	if r.GroupBase != "" {
		r.checkDN("group_base", r.GroupBase)
		var err error
		s.groupFilter, err = parseFilter(r.GroupFilter, placeDN, placeUser)
		r.check("group_filter", "Unusable filter", err)
		r.checkAttribute("group_name", r.GroupName)
	} else {
		r.checkAttribute("group_attribute", r.GroupAttribute)
		s.attributes = append(s.attributes, r.GroupAttribute)
	}
	s.permissions = r.readPermissions("permissions", r.Permissions)
	s.groupPermissions, s.groupHomes = map[string][]auth.Permission{}, map[string]template{}
	for name, text := range r.GroupPermissions {
		r.checkListed("group_permissions", name)
		list := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
		if len(list) == 0 {
			r.wrong("group_permissions", "No permissions", fmt.Sprintf("Give the group %q some, or take it away.", name))
		}
		s.groupPermissions[name] = r.readPermissions("group_permissions", list)
	}
	s.home = r.readHome("home", r.Home)
	s.attributes = append(s.attributes, s.home.attributes()...)
	for name, text := range r.GroupHomes {
		r.checkListed("group_homes", name)
		t := r.readHome("group_homes", text)
		s.groupHomes[name] = t
		s.attributes = append(s.attributes, t.attributes()...)
	}
}

// checkListed reports a group that is not in groups. The order of groups decides which home is
// used.
func (r *reader) checkListed(attribute, name string) {
	if !slices.Contains(r.Groups, name) {
		r.wrong(attribute, "Unlisted group", fmt.Sprintf("List %q in groups too, with the groups that may log in.", name))
	}
}

func (r *reader) readPermissions(attribute string, names []string) []auth.Permission {
	var permissions []auth.Permission
	for _, name := range names {
		p := auth.Permission(name)
		if !slices.Contains(auth.Permissions(), p) {
			r.wrong(attribute, "Unknown permission", fmt.Sprintf("There are %q; %q is none of them.", auth.Permissions(), name))
		}
		permissions = append(permissions, p)
	}
	return permissions
}

func (r *reader) readHome(attribute, text string) template {
	t, err := parseTemplate(text)
	r.check(attribute, "Unusable home", err)
	if err != nil || t.isEmpty() {
		return t
	}
	example, _ := t.expand(func(string) (string, error) { return "x", nil })
	if !t.isWhole() && (!path.IsAbs(example) || path.Clean(example) != example) {
		r.wrong(attribute, "Unusable home", fmt.Sprintf(`%q is no clean absolute path: write one like "/files/{user}".`, text))
	}
	return t
}
