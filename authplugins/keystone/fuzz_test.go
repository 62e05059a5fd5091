package keystone

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

// answer is a fake Keystone that gives the same answer to each request.
type answer func() *http.Response

// RoundTrip implements [http.RoundTripper].
func (a answer) RoundTrip(*http.Request) (*http.Response, error) { return a(), nil }

// FuzzAnswer lets Keystone send arbitrary answers, in both versions. A grant must have a token and
// an endpoint, a step must have a prompt, and an error must be of one of auth's kinds.
func FuzzAnswer(f *testing.F) {
	sealer, err := authplugin.NewSealer(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	var both []*Authenticator
	for _, address := range []string{"http://keystone.example.net/v3", "http://keystone.example.net/v2.0"} {
		values, _ := json.Marshal(map[string]any{"auth_url": address})
		a, diags := Kind().Configure(authplugin.Config{Values: values, Sealer: sealer})
		if len(diags) > 0 {
			f.Fatal(diags)
		}
		both = append(both, a.(*Authenticator))
	}
	const catalog = `"catalog":[{"type":"object-store","name":"swift","endpoints":[{"interface":"public","region":"R","region_id":"R","url":"http://swift.example.net/v1/AUTH_x"}]}]`
	f.Add(`{"token":{"methods":["password"],"expires_at":"2036-01-01T00:00:00.000000Z","user":{"id":"u","name":"alice","domain":{"id":"default"}},"project":{"id":"p","name":"demo"},`+catalog+`}}`, "gAAAA", "", uint8(1))
	f.Add(`{"token":{"methods":["password"],"expires_at":"x","user":{"id":"u"}}}`, "gAAAA", "", uint8(1))
	f.Add(`{"receipt":{"methods":["password"],"user":{"id":"u","name":"alice"}},"required_auth_methods":[["password","totp"]]}`, "", "receipt", uint8(3))
	f.Add(`{"error":{"code":401,"message":"The password is expired and needs to be changed","title":"Unauthorized"}}`, "", "", uint8(3))
	f.Add(`{"access":{"token":{"id":"t","expires":"2036-01-01T00:00:00Z","tenant":{"id":"p","name":"demo"}},"user":{"id":"u"},"serviceCatalog":[{"type":"object-store","endpoints":[{"publicURL":"http://swift.example.net/v1/AUTH_x","region":"R"}]}]}}`, "", "", uint8(0))
	f.Add(`{"projects":[{"id":"p","name":"demo","domain_id":"default","enabled":true}],"links":{"next":"http://keystone.example.net/v3/auth/projects?marker=p"}}`, "gAAAA", "", uint8(0))
	f.Fuzz(func(t *testing.T, body, token, receipt string, status uint8) {
		codes := []int{200, 201, 300, 401, 403, 404, 400}
		for i, a := range both {
			requests := 0
			a.service.Client.Transport = answer(func() *http.Response {
				requests++
				return &http.Response{
					StatusCode: codes[int(status)%len(codes)], Body: io.NopCloser(strings.NewReader(body)),
					Header: http.Header{"X-Subject-Token": {token}, receiptHeader: {receipt}, "Content-Type": {"application/json"}},
				}
			})
			resp, err := a.Authenticate(t.Context(), auth.Request{User: "demo.alice", Method: auth.Password, Password: "secret123456"})
			if requests > 20 {
				t.Errorf("version %d: one login asks %d times", 3-i, requests)
			}
			switch {
			case err != nil:
				if !slices.ContainsFunc(auth.Kinds(), func(k error) bool { return errors.Is(err, k) }) {
					t.Errorf("version %d: an error of no kind: %v", 3-i, err)
				}
				if strings.ContainsAny(err.Error(), "\r\n\x1b\x00") {
					t.Errorf("version %d: an error that is not fit for a log: %q", 3-i, err)
				}
			case resp.Next != nil:
				if len(resp.Next.Prompts) == 0 || len(resp.Next.Methods) == 0 {
					t.Errorf("version %d: a step without a question: %+v", 3-i, resp.Next)
				}
			default:
				grant := resp.Identity.Grant
				if u, err := url.Parse(grant.Endpoint); err != nil || u.Host == "" || grant.Token == "" || resp.Identity.User == "" {
					t.Errorf("version %d: the identity is %+v", 3-i, resp.Identity)
				}
			}
		}
	})
}
