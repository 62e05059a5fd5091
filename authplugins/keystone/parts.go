package keystone

// Parts returns the parts of a login name, each with its kind, which shows whether Keystone would
// take it for an id. Logins have the same kinds if they differ only in names.
func (a *Authenticator) Parts(name string) []string {
	login := a.form.split(name)
	kind := func(part, text, domain string, lengths ...int) string {
		text, isID := id(text, domain == "" && len(lengths) > 0, lengths...)
		if isID {
			part += " id"
		}
		return part + " " + text
	}
	parts := []string{
		kind("project", login.Project, login.ProjectDomain, 32), kind("domain", login.ProjectDomain, ""),
		kind("user", login.User, login.UserDomain, 32, 64), kind("domain", login.UserDomain, ""),
		"app " + login.Credential, "trust " + login.Trust, "ec2 " + login.Access,
	}
	if login.Choose {
		parts = append(parts, "choose")
	}
	return parts
}
