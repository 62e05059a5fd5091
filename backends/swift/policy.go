package swift

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// With storage_policy, an account contains only the containers with that policy: new containers get
// it, and all others are treated as if they did not exist, with everything in them. This is done
// for each request, so that no operation can forget it.

// policyLife is how long the policy of a container is cached. It never changes, but another
// container may get the name.
const policyLife = 5 * time.Minute

// prepare applies the storage policy to a request. It returns the error 404 for a target in a
// container with another policy. The error is not translated.
func (f *FS) prepare(ctx context.Context, req api.Request) (api.Request, error) {
	policy := f.backend.cfg.StoragePolicy
	if policy == "" || req.AnyPolicy || f.allPolicies.Load() {
		return req, nil
	}
	if req.Target.IsContainer() && req.Method == http.MethodPut {
		header := map[string]string{"X-Storage-Policy": policy}
		maps.Copy(header, req.Header)
		req.Header = header
		return req, nil
	}
	targets := []api.Name{req.Target}
	if req.Method == api.MethodCopy {
		targets = append(targets, api.CopyTarget(req, f.client.Account))
	}
	for _, n := range targets {
		if n.IsAccount() {
			continue
		}
		has, err := f.hasPolicy(ctx, n.Top())
		if err != nil {
			return req, err
		}
		if !has {
			return req, &api.StatusError{Method: req.Method, Target: n, Status: http.StatusNotFound, Text: "the container has another storage policy than the configured one"}
		}
	}
	return req, nil
}

// hasPolicy reports whether a container has the configured policy. It also returns true for a
// container that does not exist, or whose attributes the login may not request: the request itself
// then gets the right error. A container for segments belongs to the container of the files,
// whatever its own policy is. The error is not translated.
func (f *FS) hasPolicy(ctx context.Context, container api.Name) (bool, error) {
	policy, err := f.policyOf(ctx, container)
	if err != nil || policy == "" || strings.EqualFold(policy, f.backend.cfg.StoragePolicy) {
		return err == nil, err
	}
	base, isOf := strings.CutSuffix(container.Container, api.SegmentsSuffix)
	if !isOf || base == "" {
		return false, nil
	}
	policy, err = f.policyOf(ctx, api.Name{Account: container.Account, Container: base})
	return strings.EqualFold(policy, f.backend.cfg.StoragePolicy), err
}

// policyOf returns the policy of a container, or "" if it cannot be found out. The error is not
// translated.
func (f *FS) policyOf(ctx context.Context, container api.Name) (string, error) {
	key, err := f.policyKey(ctx, container)
	if err != nil {
		return "", err
	}
	if policy, ok := f.backend.local.Get(ctx, key); ok {
		return string(policy), nil
	}
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: container, AnyPolicy: true})
	switch {
	case api.StatusOf(err) == http.StatusNotFound, api.StatusOf(err) == http.StatusForbidden:
		return "", nil
	case err != nil:
		return "", err
	}
	policy := resp.Header.Get("X-Storage-Policy")
	if policy != "" {
		f.backend.local.Set(ctx, key, []byte(policy), policyLife)
	}
	return policy, nil
}

func (f *FS) policyKey(ctx context.Context, container api.Name) (cache.Key, error) {
	grant, err := f.client.Grants.Current(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	account, err := api.AccountURL(grant.Endpoint, container.Account)
	return cache.NewKey("swift policy", account, container.Container), err
}

// forgetPolicy removes a container that was created or removed from the cache.
func (f *FS) forgetPolicy(ctx context.Context, container api.Name) {
	if f.backend.cfg.StoragePolicy == "" {
		return
	}
	if key, err := f.policyKey(ctx, container); err == nil {
		f.backend.local.Delete(context.WithoutCancel(ctx), key)
	}
}

// withPolicy returns the containers of an account's listing that have the configured policy.
func (f *FS) withPolicy(ctx context.Context, account api.Name, containers []listedEntry) ([]listedEntry, error) {
	if f.backend.cfg.StoragePolicy == "" {
		return containers, nil
	}
	has := make([]bool, len(containers))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i, c := range containers {
		g.Go(func() error {
			var err error
			has[i], err = f.hasPolicy(gctx, api.Name{Account: account.Account, Container: c.Name})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, api.Translate(err)
	}
	var visible []listedEntry
	for i, c := range containers {
		if has[i] {
			visible = append(visible, c)
		}
	}
	return visible, nil
}
