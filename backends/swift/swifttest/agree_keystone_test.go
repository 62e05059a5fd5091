package swifttest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// keystone is a Keystone with the users of the lab, and the state of a test.
type keystone struct {
	t                    *testing.T
	url                  string
	credential, missing  string // IDs of application credentials: that of demo, and one that does not exist
	unscoped, scoped, rc string // results of a case for the next one
}

type object = map[string]any

// identity is the part of an answer of Keystone that matters to a login. Values that differ between
// two Keystones, such as IDs and times, are left out.
type identity struct {
	Status   int
	Message  string   // of a refusal, without IDs
	Methods  []string // of authentication
	User     string
	Project  string
	Delegate string     // the application credential
	Wanted   [][]string // methods that an incomplete login still needs
	Projects []string   // of a list
}

// TestAgreeKeystone compares the fake Keystone's answers to logins with those of a real one.
func TestAgreeKeystone(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for name, open := range map[string]func(t *testing.T) *keystone{
		"fake": func(t *testing.T) *keystone {
			operator := []swifttest.Credential{{Name: "lab", Secret: "labsecret"}}
			srv := swifttest.Start(t, swifttest.Config{Users: []swifttest.User{
				{Account: "demo", Name: "demo", Key: "demopass", Credentials: operator},
				{Account: "demo2", Name: "demo2", Key: "demo2pass"},
				{Account: "demo", Name: "harry", Key: "harrypass", Projects: []string{"demo2"}, Home: "demo2"},
				{Account: "demo", Name: "otto", Key: "ottopass", Home: "demo", TOTP: secret},
				{Account: "demo", Name: "edgar", Key: "edgarpass", Expired: true},
				{Account: "demo", Name: "disabled", Key: "disabledpass", Disabled: true},
			}})
			return &keystone{t: t, url: srv.KeystoneURL(), credential: swifttest.CredentialID("demo", "demo", "lab")}
		},
		"real": func(t *testing.T) *keystone {
			url, id, given := os.Getenv("FILEGATE_TEST_KEYSTONE"), os.Getenv("FILEGATE_TEST_KEYSTONE_APPCRED_ID"), os.Getenv("FILEGATE_TEST_KEYSTONE_TOTP_SECRET")
			switch {
			case testing.Short():
				t.Skip("real services are left out of short tests")
			case url == "" || id == "" || given != secret:
				testneed.Missing(t, "no Keystone with the lab's users: set FILEGATE_TEST_KEYSTONE and what .ci/lab/up prints with it")
			}
			return &keystone{t: t, url: url, credential: id}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t)
			k.missing = strings.Repeat("0", 32)
			for _, c := range keystoneCases(k, secret) {
				got := k.login(c.header, c.methods(), c.scope)
				slices.Sort(got.Methods)
				equal(t, c.name, got, c.want)
			}
			k.tokens()
		})
	}
}

type keystoneCase struct {
	name    string
	methods func() object
	scope   any
	header  func() []string
	want    identity
}

func keystoneCases(k *keystone, secret string) []keystoneCase {
	const refused = "The request you have made requires authentication."
	byPassword := func(user, password string) func() object {
		return func() object {
			return object{"password": object{"user": object{"name": user, "domain": object{"id": "default"}, "password": password}}}
		}
	}
	byCredential := func(o object) func() object {
		return func() object { return object{"application_credential": o} }
	}
	owner := func(name string) object { return object{"name": name, "domain": object{"id": "default"}} }
	code := func(at time.Duration) func() object {
		return func() object {
			return object{"totp": object{"user": object{"name": "otto", "domain": object{"id": "default"}, "passcode": swifttest.Code(secret, time.Now().Add(at))}}}
		}
	}
	receipt := func() []string { return []string{"Openstack-Auth-Receipt", k.rc} }
	demo := object{"project": object{"name": "demo", "domain": object{"name": "Default"}}}
	half := identity{Status: 401, Methods: []string{"password"}, User: "otto", Wanted: [][]string{{"password", "totp"}}}
	both := identity{Status: 201, Methods: []string{"password", "totp"}, User: "otto", Project: "demo"}
	delegate := identity{Status: 201, Methods: []string{"application_credential"}, User: "demo", Project: "demo", Delegate: "lab"}
	return []keystoneCase{
		{name: "password", methods: byPassword("demo", "demopass"), scope: demo, want: identity{Status: 201, Methods: []string{"password"}, User: "demo", Project: "demo"}},
		{name: "no default project", methods: byPassword("demo", "demopass"), want: identity{Status: 201, Methods: []string{"password"}, User: "demo"}},
		{name: "default project", methods: byPassword("harry", "harrypass"), want: identity{Status: 201, Methods: []string{"password"}, User: "harry", Project: "demo2"}},
		{name: "unscoped", methods: byPassword("harry", "harrypass"), scope: object{"unscoped": object{}}, want: identity{Status: 201, Methods: []string{"password"}, User: "harry"}},
		{name: "wrong password", methods: byPassword("demo", "x"), scope: demo, want: identity{Status: 401, Message: refused}},
		{name: "unknown user", methods: byPassword("nobody", "demopass"), scope: demo, want: identity{Status: 401, Message: refused}},
		{name: "disabled", methods: byPassword("disabled", "disabledpass"), scope: demo, want: identity{Status: 401, Message: refused}},
		{name: "expired", methods: byPassword("edgar", "edgarpass"), scope: demo, want: identity{Status: 401, Message: "The password is expired and needs to be changed for user: ID."}},
		{name: "expired, wrong", methods: byPassword("edgar", "x"), scope: demo, want: identity{Status: 401, Message: refused}},
		{name: "another's project", methods: byPassword("demo2", "demo2pass"), scope: demo, want: identity{Status: 401, Message: refused}},
		{name: "unknown method", methods: func() object { return object{"magic": object{}} }, want: identity{Status: 401, Message: "Attempted to authenticate with an unsupported method."}},

		{name: "half of two", methods: byPassword("otto", "ottopass"), scope: demo, want: half},
		{name: "code without receipt", methods: code(0), scope: demo, want: identity{Status: 401, Methods: []string{"totp"}, User: "otto", Wanted: half.Wanted}},
		{name: "half of two again", methods: byPassword("otto", "ottopass"), scope: demo, want: half},
		{name: "old code", methods: code(-time.Hour), scope: demo, header: receipt, want: identity{Status: 401, Message: refused}},
		{name: "code", methods: code(0), scope: demo, header: receipt, want: both},
		{name: "code again", methods: code(0), scope: demo, header: receipt, want: both},
		{name: "receipt of nobody", methods: code(0), scope: demo, header: func() []string { return []string{"Openstack-Auth-Receipt", "gAAAAA"} }, want: identity{Status: 401, Message: "Could not find auth receipt: gAAAAA."}},

		{name: "credential by id", methods: byCredential(object{"id": k.credential, "secret": "labsecret"}), want: delegate},
		{name: "credential by name", methods: byCredential(object{"name": "lab", "user": owner("demo"), "secret": "labsecret"}), want: delegate},
		{name: "wrong secret", methods: byCredential(object{"id": k.credential, "secret": "x"}), want: identity{Status: 401, Message: refused}},
		{name: "credential of nobody", methods: byCredential(object{"id": k.missing, "secret": "x"}), want: identity{Status: 404, Message: "Could not find Application Credential: ID."}},
		{name: "unknown credential", methods: byCredential(object{"name": "none", "user": owner("demo"), "secret": "x"}), want: identity{Status: 401, Message: refused}},
		{name: "credential of an unknown user", methods: byCredential(object{"name": "lab", "user": owner("nobody"), "secret": "x"}), want: identity{Status: 404, Message: "Could not find user: nobody."}},
		{name: "token", methods: func() object { return object{"token": object{"id": k.unscoped}} }, scope: demo, want: identity{Status: 201, Methods: []string{"password", "token"}, User: "harry", Project: "demo"}},
	}
}

// login requests a token.
func (k *keystone) login(header func() []string, methods object, scope any) identity {
	k.t.Helper()
	who := object{"methods": []string{}}
	for name, proof := range methods {
		who["methods"] = append(who["methods"].([]string), name)
		who[name] = proof
	}
	auth := object{"identity": who}
	if scope != nil {
		auth["scope"] = scope
	}
	var more []string
	if header != nil {
		more = header()
	}
	got, h := k.send(http.MethodPost, "/auth/tokens", object{"auth": auth}, more...)
	if rc := h.Get("Openstack-Auth-Receipt"); rc != "" && slices.Equal(got.Methods, []string{"password"}) {
		k.rc = rc
	}
	if token := h.Get("X-Subject-Token"); token != "" && got.User == "harry" {
		if got.Project == "" {
			k.unscoped = token
		} else {
			k.scoped = token
		}
	}
	return got
}

func (k *keystone) send(method, path string, body object, header ...string) (identity, http.Header) {
	k.t.Helper()
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			k.t.Fatal(err)
		}
		r = strings.NewReader(string(text))
	}
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.url+path, r)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Close = true
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	return k.read(resp), resp.Header
}

func (k *keystone) read(resp *http.Response) identity {
	k.t.Helper()
	var said struct {
		Error struct{ Message string }
		Token struct {
			Methods       []string
			User, Project struct{ Name string }
			Credential    struct{ Name string } `json:"application_credential"`
		}
		Receipt struct {
			Methods   []string
			User      struct{ Name string }
			ExpiresAt time.Time `json:"expires_at"`
		}
		Required [][]string `json:"required_auth_methods"`
		Projects []struct {
			ID, Name string
			DomainID string `json:"domain_id"`
			Enabled  bool
		}
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &said); err != nil {
			k.t.Errorf("%s: %v: %.200s", resp.Status, err, text)
		}
	}
	got := identity{
		Status: resp.StatusCode, Methods: said.Token.Methods, User: said.Token.User.Name, Project: said.Token.Project.Name,
		Delegate: said.Token.Credential.Name, Wanted: said.Required,
	}
	if resp.Header.Get("Openstack-Auth-Receipt") != "" {
		got.Methods, got.User = said.Receipt.Methods, said.Receipt.User.Name
		if left := time.Until(said.Receipt.ExpiresAt); left < time.Minute || left > 10*time.Minute {
			k.t.Errorf("the receipt is good for %s", left)
		}
	}
	for _, set := range got.Wanted {
		slices.Sort(set)
	}
	for _, p := range said.Projects {
		if p.ID == "" || p.DomainID != "default" || !p.Enabled {
			k.t.Errorf("project %+v", p)
		}
		got.Projects = append(got.Projects, p.Name)
	}
	slices.Sort(got.Projects)
	words := strings.Fields(said.Error.Message)
	for i, w := range words {
		if id := strings.Trim(w, "."); len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" {
			words[i] = strings.Replace(w, id, "ID", 1)
		}
	}
	got.Message = strings.Join(words, " ")
	return got
}

// tokens checks requests with tokens: to show them, to list projects with them, and to revoke them.
func (k *keystone) tokens() {
	k.t.Helper()
	by := func(token, subject string) []string {
		return []string{"X-Auth-Token", token, "X-Subject-Token", subject}
	}
	check := func(name string, want int, method, token, subject string) {
		k.t.Helper()
		got, _ := k.send(method, "/auth/tokens", nil, by(token, subject)...)
		equal(k.t, name, got.Status, want)
	}
	list, _ := k.send(http.MethodGet, "/auth/projects", nil, "X-Auth-Token", k.unscoped)
	equal(k.t, "projects", list, identity{Status: 200, Projects: []string{"demo", "demo2"}})
	shown, _ := k.send(http.MethodGet, "/auth/tokens", nil, by(k.scoped, k.scoped)...)
	slices.Sort(shown.Methods)
	equal(k.t, "token", shown, identity{Status: 200, Methods: []string{"password", "token"}, User: "harry", Project: "demo"})
	check("check", 200, http.MethodHead, k.scoped, k.scoped)
	check("take back", 204, http.MethodDelete, k.scoped, k.scoped)
	check("check after", 401, http.MethodHead, k.scoped, k.scoped)
	check("check by another", 404, http.MethodHead, k.unscoped, k.scoped)
	check("take back again", 401, http.MethodDelete, k.scoped, k.scoped)
	check("the one that it came from", 200, http.MethodHead, k.unscoped, k.unscoped)
	check("rubbish", 401, http.MethodHead, "x", "x")
}
