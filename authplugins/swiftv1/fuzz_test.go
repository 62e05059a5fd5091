package swiftv1

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

// answer is a service that gives the same answer to each request.
type answer func() *http.Response

// RoundTrip implements [http.RoundTripper].
func (a answer) RoundTrip(*http.Request) (*http.Response, error) { return a(), nil }

// FuzzHeaders lets the service send arbitrary headers. A grant must have a token and an endpoint,
// and an error must be of one of auth's kinds.
func FuzzHeaders(f *testing.F) {
	values, _ := json.Marshal(map[string]any{"auth_url": "http://swift.example.net/auth/v1.0"})
	sealer, err := authplugin.NewSealer(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	made, diags := Kind().Configure(authplugin.Config{Values: values, Sealer: sealer})
	if len(diags) > 0 {
		f.Fatal(diags)
	}
	a := made.(*Authenticator)
	f.Add("AUTH_tk1", "http://swift.example.net/v1/AUTH_test", "86400", "", uint8(0))
	f.Add("", "//[::1", "-1", "AUTH_tk1", uint8(0))
	f.Add("t", "https://user:pass@host:99999/?q#f", "99999999999999999999", "t", uint8(1))
	f.Add("t", "ftp://host/", "1e9", "", uint8(2))
	f.Fuzz(func(t *testing.T, token, storage, expires, other string, status uint8) {
		header := http.Header{"X-Auth-Token": {token}, "X-Storage-Url": {storage}, "X-Auth-Token-Expires": {expires}, "X-Storage-Token": {other}, "X-Trans-Id": {other}}
		codes := []int{200, 204, 299, 301, 400, 401, 403, 404}
		a.service.Client.Transport = answer(func() *http.Response {
			return &http.Response{StatusCode: codes[int(status)%len(codes)], Header: header, Body: io.NopCloser(strings.NewReader(storage))}
		})
		resp, err := a.Authenticate(t.Context(), auth.Request{User: "test:tester", Method: auth.Password, Password: "testing"})
		if err != nil {
			if !slices.ContainsFunc(auth.Kinds(), func(k error) bool { return errors.Is(err, k) }) {
				t.Errorf("an error of no kind: %v", err)
			}
			if strings.ContainsAny(err.Error(), "\r\n\x1b\x00") {
				t.Errorf("an error that is not fit for a log: %q", err)
			}
			return
		}
		grant := resp.Identity.Grant
		u, err := url.Parse(grant.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || grant.Token == "" {
			t.Errorf("the grant is %q, %v", grant.Endpoint, err)
		}
		if !grant.Expires.IsZero() && grant.Expires.After(time.Now().AddDate(100, 0, 0)) {
			t.Errorf("a token that lives until %v", grant.Expires)
		}
	})
}
