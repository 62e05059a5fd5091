package main

import (
	"context"
	"fmt"
	"net/http"
)

// share creates the container of all files, and the one of their segments, and gives the second
// login a right to them.
func (r *run) share(ctx context.Context) error {
	owner, guest := logins[0], logins[1]
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.auth, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-User", owner.user)
	req.Header.Set("X-Auth-Key", owner.password)
	granted, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	granted.Body.Close()
	for _, name := range []string{container, container + "_segments"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, granted.Header.Get("X-Storage-Url")+"/"+name, nil)
		if err != nil {
			return err
		}
		req.Header.Set("X-Auth-Token", granted.Header.Get("X-Auth-Token"))
		req.Header.Set("X-Container-Read", guest.user)
		req.Header.Set("X-Container-Write", guest.user)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("creating the container %s: Swift answered %s", name, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	return nil
}
