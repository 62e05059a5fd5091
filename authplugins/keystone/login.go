package keystone

import (
	"errors"
	"strings"
)

// Login is a parsed login name. An empty domain is the default one. An empty project is the user's
// default one. Each part may be an id, prefixed with idMark.
type Login struct {
	Project, ProjectDomain string
	User, UserDomain       string

	Credential string // an application credential: its id if User is empty, otherwise its name
	Trust      string // the id of a trust
	Access     string // the access key of an EC2 credential
	Choose     bool   // the user wants to choose a project
}

// The prefixes of a login name without a project, and of an id.
const (
	credentialMark = "app="
	trustMark      = "trust="
	chooseMark     = "?"
	idMark         = "id="
)

// form is the syntax of login names. The package comment has the rules.
type form struct {
	tenant string // between project and user; empty: logins have no projects
	domain string // before a domain; empty: logins have no domains
	plain  bool   // only the form with project and user, as for v2.0
	ec2    bool   // access keys of EC2 credentials are logins
}

// errNoUser is the error for a name without a user, or with a project domain but no project.
var errNoUser = errors.New("the name has no user in it: the form is PROJECT@DOMAIN.USER@DOMAIN")

func (f form) parse(name string) (Login, error) {
	login := f.split(name)
	if login.Access != "" {
		return login, nil
	}
	switch {
	case login.Credential != "" && login == (Login{Credential: login.Credential}): // by its id
	case login.User == "" || login.User == idMark || (login.Project == "" && login.ProjectDomain != ""):
		return Login{}, errNoUser
	}
	return login, nil
}

func (f form) split(name string) Login {
	if key, ok := f.accessKey(name); ok {
		return Login{Access: key}
	}
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
		return f.user("", name) // the project separator belongs to the user's domain
	}
	return Login{Project: project, ProjectDomain: middle[:end], User: middle[end+len(f.tenant):], UserDomain: userDomain}
}

// special parses the forms with a prefix. A prefix alone is an invalid login, returned as Login{}.
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

// cutProject splits the name at the first project separator.
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

// cutDomain splits the text at the last domain separator.
func (f form) cutDomain(text string) (name, domain string) {
	if i := strings.LastIndex(text, f.domain); f.domain != "" && i >= 0 {
		return text[:i], text[i+len(f.domain):]
	}
	return text, ""
}

// id returns a part of a login without idMark, and whether it is an id: marked with idMark or, if
// looks is set, with the form of Keystone's own ids.
func id(part string, looks bool, lengths ...int) (string, bool) {
	if marked, ok := strings.CutPrefix(part, idMark); ok {
		return marked, true
	}
	return part, looks && isID(part, lengths...)
}

// isID reports whether a name has the form of one of Keystone's ids.
func isID(name string, lengths ...int) bool {
	for _, n := range lengths {
		if len(name) == n && strings.Trim(name, "0123456789abcdef") == "" {
			return true
		}
	}
	return false
}
