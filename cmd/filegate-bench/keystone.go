package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// keystone is a login to Keystone v3: a user and a project, both in its default domain.
type keystone struct {
	url, user, password, project string
}

var (
	// filegateOfKeystone is filegate with logins by Keystone; its settings are lines of the login
	// block.
	filegateOfKeystone = peer{filegate.name, startOfKeystone}
	keystoneItself     = peer{"Keystone itself", func(_ context.Context, _ *bench, store *swift, _ string, _ []string) (*place, error) {
		return &place{swift: store}, nil
	}}
)

// goToKeystone and goToKeystoneAndBack are clients in this program that get tokens directly from
// Keystone, as the limit. The second one also revokes each token.
var (
	goToKeystone = client{
		name: "Go", protocol: "keystone",
		login: func(ctx context.Context, b *bench, _ *place) (func(), error) {
			_, err := b.keystone.logIn(ctx)
			return func() {}, err
		},
	}
	goToKeystoneAndBack = client{
		name: "Go with revocation", protocol: "keystone",
		login: func(ctx context.Context, b *bench, _ *place) (func(), error) {
			token, err := b.keystone.logIn(ctx)
			if err == nil {
				err = b.keystone.revoke(ctx, token)
			}
			return func() {}, err
		},
	}
)

func startOfKeystone(ctx context.Context, b *bench, store *swift, protocol string, settings []string) (*place, error) {
	p, err := b.serveFilegate(ctx, protocol, fmt.Sprintf(`
auth "keystone" "cloud" {
  config { auth_url = %q }
}
backend "swift" "main" {}
login {
%s
}
`, b.keystone.url, strings.Join(settings, "\n")))
	if err != nil {
		return nil, err
	}
	p.swift, p.user, p.password = store, b.keystone.project+"."+b.keystone.user, b.keystone.password
	return p, nil
}

// logIn gets a token.
func (k keystone) logIn(ctx context.Context) (token string, err error) {
	type object = map[string]any
	domain := object{"id": "default"}
	body, err := json.Marshal(object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{"name": k.user, "domain": domain, "password": k.password}}},
		"scope":    object{"project": object{"name": k.project, "domain": domain}},
	}})
	if err != nil {
		return "", err
	}
	header, err := k.tokens(ctx, http.MethodPost, body, http.Header{"Content-Type": {"application/json"}})
	return header.Get("X-Subject-Token"), err
}

// revoke revokes a token.
func (k keystone) revoke(ctx context.Context, token string) error {
	_, err := k.tokens(ctx, http.MethodDelete, nil, http.Header{"X-Auth-Token": {token}, "X-Subject-Token": {token}})
	return err
}

// tokens makes a request. An error status is an error.
func (k keystone) tokens(ctx context.Context, method string, body []byte, header http.Header) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, k.url+"/auth/tokens", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s of a token of %s's at %s: %s", method, k.user, k.url, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Header, err
}
