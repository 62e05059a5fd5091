package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// login is a login to Swift by auth 1.0.
type login struct {
	auth, user, key string
}

// swift is a direct client of Swift. It stores data for the rows, checks the results, and removes
// them.
type swift struct {
	login
	storage, token string
	container      string // created by this run
}

// segments returns the container for the segments of filegate and rclone.
func (s *swift) segments() string { return s.container + "_segments" }

// openSwift logs in.
func openSwift(ctx context.Context, l login, container string) (*swift, error) {
	s := &swift{login: l, container: container}
	return s, s.logIn(ctx)
}

// logIn gets a token. While a token is valid, Swift returns the same one.
func (s *swift) logIn(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.auth, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-User", s.user)
	req.Header.Set("X-Auth-Key", s.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("login at %s as %s: %s", s.auth, s.user, resp.Status)
	}
	s.storage, s.token = resp.Header.Get("X-Storage-Url"), resp.Header.Get("X-Auth-Token")
	return nil
}

// through returns a client of the same Swift through a proxy at the given address.
func (s *swift) through(ctx context.Context, address string) (*swift, error) {
	l := s.login
	u, err := url.Parse(l.auth)
	if err != nil {
		return nil, err
	}
	u.Host = address // Swift builds the storage URL from the host of the request
	l.auth = u.String()
	t, err := openSwift(ctx, l, s.container)
	if err == nil && !strings.Contains(t.storage, address) {
		err = fmt.Errorf("the login through %s gives %s, which is another way", address, t.storage)
	}
	return t, err
}

// url returns the URL of an object, or that of the container for an empty name.
func (s *swift) url(name string) string {
	return s.storage + "/" + s.container + "/" + url.PathEscape(name)
}

// do sends a request. An answer with an error status is an error. The caller closes the body.
func (s *swift) do(ctx context.Context, method, url string, body io.Reader, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Auth-Token", s.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, &statusError{method + " " + req.URL.Path, resp.StatusCode}
	}
	return resp, nil
}

// statusError is an error status from Swift.
type statusError struct {
	request string
	status  int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s: Swift answers %d %s", e.request, e.status, http.StatusText(e.status))
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && e.status == http.StatusNotFound
}

// text sends a request and returns the body of its answer.
func (s *swift) text(ctx context.Context, method, url string, body io.Reader, header ...string) ([]byte, error) {
	resp, err := s.do(ctx, method, url, body, header...)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (s *swift) makeContainer(ctx context.Context) error {
	_, err := s.text(ctx, http.MethodPut, s.url(""), nil)
	return err
}

// sum returns the SHA-256 of an object.
func (s *swift) sum(ctx context.Context, name string) (string, error) {
	resp, err := s.do(ctx, http.MethodGet, s.url(name), nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	h := sha256.New()
	if _, err := io.Copy(h, resp.Body); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// makeMany creates many objects with the same content from archives, which Swift unpacks. This is
// several times faster than one request for each object.
func (s *swift) makeMany(ctx context.Context, names []string, content []byte) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for batch := range slices.Chunk(names, 2500) {
		group.Go(func() error {
			var archive bytes.Buffer
			w := tar.NewWriter(&archive)
			for _, name := range batch {
				if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg, Size: int64(len(content))}); err != nil {
					return err
				}
				if _, err := w.Write(content); err != nil {
					return err
				}
			}
			if err := w.Close(); err != nil {
				return err
			}
			return s.bulk(ctx, http.MethodPut, s.storage+"/"+s.container+"?extract-archive=tar", &archive)
		})
	}
	return group.Wait()
}

// makeEach creates many objects with the same content and headers, by one request for each.
func (s *swift) makeEach(ctx context.Context, names []string, content []byte, header ...string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, name := range names {
		group.Go(func() error {
			_, err := s.text(ctx, http.MethodPut, s.url(name), bytes.NewReader(content), header...)
			return err
		})
	}
	return group.Wait()
}

// empty removes all objects from the run's containers.
func (s *swift) empty(ctx context.Context) error {
	for _, container := range []string{s.container, s.segments()} {
		for {
			listing, err := s.text(ctx, http.MethodGet, s.storage+"/"+container+"?limit=10000", nil)
			if isNotFound(err) {
				break
			}
			if err != nil {
				return err
			}
			names := strings.Fields(string(listing)) // none of our names contains a space
			if len(names) == 0 {
				break
			}
			if err := s.remove(ctx, container, names); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *swift) remove(ctx context.Context, container string, names []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for batch := range slices.Chunk(names, 1000) {
		group.Go(func() error {
			var body strings.Builder
			for _, name := range batch {
				body.WriteString("/" + container + "/" + (&url.URL{Path: name}).EscapedPath() + "\n")
			}
			return s.bulk(ctx, http.MethodPost, s.storage+"?bulk-delete", strings.NewReader(body.String()), "Content-Type", "text/plain")
		})
	}
	return group.Wait()
}

// bulk sends a bulk request. Its status is always success, and the body has the actual result.
func (s *swift) bulk(ctx context.Context, method, url string, body io.Reader, header ...string) error {
	text, err := s.text(ctx, method, url, body, append(header, "Accept", "application/json")...)
	if err != nil {
		return err
	}
	var answer struct {
		Status string     `json:"Response Status"`
		Body   string     `json:"Response Body"`
		Errors [][]string `json:"Errors"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("the answer to %s: %w", url, err)
	}
	if !strings.HasPrefix(answer.Status, "2") {
		return fmt.Errorf("%s: Swift answers %s %s %.200q", url, answer.Status, answer.Body, answer.Errors)
	}
	return nil
}

// close removes the run's containers with all objects. It tries until the context ends, so that no
// data remains because Swift was busy.
func (s *swift) close(ctx context.Context) error {
	for {
		err := s.removeContainers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s and %s are left in Swift: %w", s.container, s.segments(), err)
		case <-time.After(2 * time.Second):
		}
	}
}

func (s *swift) removeContainers(ctx context.Context) error {
	if err := s.logIn(ctx); err != nil {
		return err
	}
	if err := s.empty(ctx); err != nil {
		return err
	}
	for _, container := range []string{s.container, s.segments()} {
		if _, err := s.text(ctx, http.MethodDelete, s.storage+"/"+container, nil); err != nil && !isNotFound(err) {
			return err
		}
	}
	return nil
}

// version returns Swift's version.
func (s *swift) version(ctx context.Context) (string, error) {
	u, err := url.Parse(s.storage)
	if err != nil {
		return "", err
	}
	text, err := s.text(ctx, http.MethodGet, u.Scheme+"://"+u.Host+"/info", nil)
	if err != nil {
		return "", err
	}
	var info struct {
		Swift struct {
			Version string `json:"version"`
		} `json:"swift"`
	}
	err = json.Unmarshal(text, &info)
	return info.Swift.Version, err
}

// size returns the size of an object.
func (s *swift) size(ctx context.Context, name string) (int64, error) {
	resp, err := s.do(ctx, http.MethodHead, s.url(name), nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.ContentLength, nil
}
