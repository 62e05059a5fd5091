package keystone

import (
	"cmp"
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v2/tokens"
)

// askV2 requests a token with version 2.0 of the API, where projects are called tenants.
func askV2(ctx context.Context, client *gophercloud.ServiceClient, q question) (token, error) {
	opts := tokens.AuthOptions{Username: q.login.User, Password: q.secret, TenantID: q.projectID}
	if opts.TenantID == "" {
		if id, ok := id(q.login.Project, true, 32); ok {
			opts.TenantID = id
		} else {
			opts.TenantName = q.login.Project
		}
	}
	result := tokens.Create(ctx, client, opts)
	t, err := result.ExtractToken()
	if err != nil {
		return token{}, err
	}
	catalog, err := result.ExtractServiceCatalog()
	if err != nil {
		return token{}, err
	}
	var body struct {
		Access struct {
			User tokens.User `json:"user"`
		} `json:"access"`
	}
	if err := result.ExtractInto(&body); err != nil {
		return token{}, err
	}
	got := token{
		id:        t.ID,
		expires:   t.ExpiresAt,
		user:      cmp.Or(body.Access.User.Name, q.login.User),
		project:   t.Tenant.Name,
		projectID: t.Tenant.ID,
	}
	for _, service := range catalog.Entries {
		for _, e := range service.Endpoints {
			for iface, url := range map[string]string{"public": e.PublicURL, "internal": e.InternalURL, "admin": e.AdminURL} {
				if url != "" {
					got.endpoints = append(got.endpoints, endpoint{service: service.Type, iface: iface, region: e.Region, url: url})
				}
			}
		}
	}
	return got, nil
}
