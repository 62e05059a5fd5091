package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"filegate/backends/swift/swifttest"
)

// The demo's only login.
const (
	demoUser     = "demo"
	demoPassword = "demo"
)

// demoSwift is the storage of the demo: our fake Swift, which stores its data in a directory and
// listens on a port that the system chooses.
type demoSwift struct {
	fake     *swifttest.Server
	listener net.Listener
	http     *http.Server
	serving  sync.WaitGroup
}

// startDemoSwift starts the fake Swift with one account, which has one container.
func startDemoSwift(ctx context.Context, dir string) (*demoSwift, error) {
	fake, err := swifttest.New(swifttest.Config{
		Dir:   dir,
		Users: []swifttest.User{{Account: demoUser, Name: demoUser, Key: demoPassword}},
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, fake.Close())
	}
	s := &demoSwift{fake: fake, listener: listener, http: &http.Server{Handler: loneNames(fake), ReadHeaderTimeout: 10 * time.Second}}
	s.serving.Go(func() { _ = s.http.Serve(listener) }) // always returns ErrServerClosed
	if err := s.makeContainer(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// loneNames lets users log in by auth 1.0 with a bare user name, although Swift requires
// account:user. The account has the name of the user.
func loneNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user := r.Header.Get("X-Auth-User"); user != "" && !strings.Contains(user, ":") {
			r.Header.Set("X-Auth-User", user+":"+user)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *demoSwift) authURL() string { return "http://" + s.listener.Addr().String() + "/auth/v1.0" }

// makeContainer logs in as the user and creates the container, unless it exists.
func (s *demoSwift) makeContainer(ctx context.Context) error {
	login, err := ask(ctx, http.MethodGet, s.authURL(), "X-Auth-User", demoUser, "X-Auth-Key", demoPassword)
	if err != nil {
		return err
	}
	_, err = ask(ctx, http.MethodPut, login.Get("X-Storage-Url")+"/"+demoContainer, "X-Auth-Token", login.Get("X-Auth-Token"))
	return err
}

// ask makes a request with pairs of header names and values, and returns the header of the
// response.
func ask(ctx context.Context, method, url string, header ...string) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		return nil, fmt.Errorf("the demo's store answers %s to %s %s", resp.Status, method, url)
	}
	return resp.Header, nil
}

func (s *demoSwift) close() error {
	err := s.http.Close()
	s.serving.Wait()
	return errors.Join(err, s.fake.Close())
}
