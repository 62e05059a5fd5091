package keystone

import (
	"cmp"
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// askV3 asks for a token by v3 of the API.
func (a *Authenticator) askV3(ctx context.Context, client *gophercloud.ServiceClient, login Login, c credential) (token, error) {
	opts := &tokens.AuthOptions{Password: c.Password}
	if login.UserDomain == "" && isID(login.User, 32, 64) {
		opts.UserID = login.User
	} else {
		opts.Username = login.User
		opts.DomainID, opts.DomainName = a.domain(login.UserDomain)
	}
	switch {
	case c.ProjectID != "":
		opts.Scope.ProjectID = c.ProjectID
	case login.Project == "": // unscoped: Keystone takes the user's default project
	case login.ProjectDomain == "" && isID(login.Project, 32):
		opts.Scope.ProjectID = login.Project
	default:
		opts.Scope.ProjectName = login.Project
		opts.Scope.DomainID, opts.Scope.DomainName = a.domain(login.ProjectDomain)
	}
	result := tokens.Create(ctx, client, opts)
	var body struct {
		tokens.Token
		tokens.ServiceCatalog
		User    tokens.User    `json:"user"`
		Project tokens.Project `json:"project"`
	}
	if err := result.ExtractInto(&body); err != nil {
		return token{}, err
	}
	got := token{
		id:        result.Header.Get("X-Subject-Token"),
		expires:   body.ExpiresAt,
		user:      cmp.Or(body.User.Name, login.User),
		project:   body.Project.Name,
		projectID: body.Project.ID,
	}
	for _, service := range body.Entries {
		for _, e := range service.Endpoints {
			got.endpoints = append(got.endpoints, endpoint{service: service.Type, iface: e.Interface, region: cmp.Or(e.RegionID, e.Region), url: e.URL})
		}
	}
	return got, nil
}

// domain returns a domain's id or name. "default" is the id of the domain that Keystone makes itself; its name, "Default", varies in case between databases.
func (a *Authenticator) domain(name string) (id, domainName string) {
	if name = cmp.Or(name, a.config.DefaultDomain); name == "default" {
		return name, ""
	}
	return "", name
}
