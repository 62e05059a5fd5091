package keystone

import (
	"errors"
	"strings"
)

// Login is a login's name taken apart. An empty domain is the default one, an empty project the user's own.
type Login struct {
	Project, ProjectDomain string
	User, UserDomain       string
}

// form is how a login's name is put together; the package comment has the rules.
type form struct {
	tenant string // between project and user
	domain string // before a domain; empty where there are none
}

// errNoUser says that a name has no user or only half a project in it.
var errNoUser = errors.New("the name has no user in it: the form is PROJECT@DOMAIN.USER@DOMAIN")

func (f form) parse(name string) (Login, error) {
	login := f.split(name)
	if login.User == "" || (login.Project == "" && login.ProjectDomain != "") {
		return Login{}, errNoUser
	}
	return login, nil
}

func (f form) split(name string) Login {
	project, rest, found := strings.Cut(name, f.tenant)
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

// isID reports whether a name looks like one of Keystone's ids.
func isID(name string, lengths ...int) bool {
	for _, n := range lengths {
		if len(name) == n && strings.Trim(name, "0123456789abcdef") == "" {
			return true
		}
	}
	return false
}
