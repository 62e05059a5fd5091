package keystone

import (
	"cmp"
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// tokenBody is the body of a token in v3 of the API.
type tokenBody struct {
	tokens.Token
	tokens.ServiceCatalog
	User                  tokens.User         `json:"user"`
	Project               tokens.Project      `json:"project"`
	Trust                 *struct{}           `json:"OS-TRUST:trust"`
	ApplicationCredential struct{ ID string } `json:"application_credential"`
}

// askV3 requests a token with v3 of the API.
func askV3(ctx context.Context, client *gophercloud.ServiceClient, q question) (token, error) {
	if q.receipt != "" {
		client.MoreHeaders[receiptHeader] = q.receipt
	}
	return readToken(tokens.Create(ctx, client, q), q.login.User)
}

// readToken returns the token of an answer. user is the user if the answer does not name it.
func readToken(result tokens.CreateResult, user string) (token, error) {
	var body tokenBody
	if err := result.ExtractInto(&body); err != nil {
		return token{}, err
	}
	got := token{
		id:           result.Header.Get("X-Subject-Token"),
		expires:      body.ExpiresAt,
		user:         cmp.Or(body.User.Name, user),
		project:      body.Project.Name,
		projectID:    body.Project.ID,
		credentialID: body.ApplicationCredential.ID,
		trust:        body.Trust != nil,
	}
	for _, service := range body.Entries {
		for _, e := range service.Endpoints {
			got.endpoints = append(got.endpoints, endpoint{service: service.Type, iface: e.Interface, region: cmp.Or(e.RegionID, e.Region), url: e.URL})
		}
	}
	return got, nil
}
