package keystone

import (
	"errors"
	"strings"
)

// Login is a login's name taken apart. An empty domain is the default one, an empty project the
// user's own. Every part may be given as an id, with idMark before it.
type Login struct {
	Project, ProjectDomain string
	User, UserDomain       string

	Credential string // an application credential: its id where there is no user, else its name
	Trust      string // the id of a trust to log in by
	Choose     bool   // the user wants to see which projects there are
}

// What a login's name may begin with, in place of a project, and what marks an id.
const (
	credentialMark = "app="
	trustMark      = "trust="
	chooseMark     = "?"
	idMark         = "id="
)

// form is how a login's name is put together; the package comment has the rules.
type form struct {
	tenant string // between project and user; empty where logins have no project
	domain string // before a domain; empty where there are none
	plain  bool   // no forms but that for projects and users, as of v2.0
}

// errNoUser says that a name has no user or only half a project in it.
var errNoUser = errors.New("the name has no user in it: the form is PROJECT@DOMAIN.USER@DOMAIN")

func (f form) parse(name string) (Login, error) {
	login := f.split(name)
	switch {
	case login.Credential != "" && login == (Login{Credential: login.Credential}): // by its id
	case login.User == "" || login.User == idMark || (login.Project == "" && login.ProjectDomain != ""):
		return Login{}, errNoUser
	}
	return login, nil
}

func (f form) split(name string) Login {
	project, rest, found := f.cutProject(name)
	if login, ok := f.special(project, rest, found); ok {
		return login
	}
	switch {
	case !found:
		return f.user("", name)
	case f.domain == "" || !strings.Contains(project, f.domain):
		return f.user(project, rest)
	}
	project, rest, _ = strings.Cut(name, f.domain)
	middle, userDomain := f.cutDomain(rest)
	domainAndUser, _, _ := strings.Cut(middle, f.domain)
	end := strings.LastIndex(domainAndUser, f.tenant)
	if end < 0 {
		return f.user("", name) // the separator of projects is in the user's domain
	}
	return Login{Project: project, ProjectDomain: middle[:end], User: middle[end+len(f.tenant):], UserDomain: userDomain}
}

// special reads the forms that begin with a mark. What has the mark and no more is no login at all.
func (f form) special(first, rest string, found bool) (Login, bool) {
	if f.plain {
		return Login{}, false
	}
	login := f.user("", rest)
	if credential, ok := strings.CutPrefix(first, credentialMark); ok {
		if credential == "" || (found && login.User == "") {
			return Login{}, true
		}
		login.Credential = credential
		return login, true
	}
	if trust, ok := strings.CutPrefix(first, trustMark); ok {
		if trust == "" {
			return Login{}, true
		}
		login.Trust = trust
		return login, true
	}
	login.Choose = true
	return login, first == chooseMark && found
}

// cutProject cuts at the first separator of projects.
func (f form) cutProject(name string) (project, rest string, found bool) {
	if f.tenant == "" {
		return name, "", false
	}
	return strings.Cut(name, f.tenant)
}

func (f form) user(project, rest string) Login {
	user, domain := f.cutDomain(rest)
	return Login{Project: project, User: user, UserDomain: domain}
}

// cutDomain cuts off what follows the last separator of domains.
func (f form) cutDomain(text string) (name, domain string) {
	if i := strings.LastIndex(text, f.domain); f.domain != "" && i >= 0 {
		return text[:i], text[i+len(f.domain):]
	}
	return text, ""
}

// id returns the id that a part of a login is, if it is one: marked as such, or of the look of
// Keystone's own where looks says so.
func id(part string, looks bool, lengths ...int) (string, bool) {
	if marked, ok := strings.CutPrefix(part, idMark); ok {
		return marked, true
	}
	return part, looks && isID(part, lengths...)
}

// isID reports whether a name looks like one of Keystone's ids.
func isID(name string, lengths ...int) bool {
	for _, n := range lengths {
		if len(name) == n && strings.Trim(name, "0123456789abcdef") == "" {
			return true
		}
	}
	return false
}
