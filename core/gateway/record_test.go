package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/core/audit"
	"filegate/core/auth"
	"filegate/core/config"
	"filegate/core/vfs"
)

// TestAuditLog tests that there is a record of each login, transfer, change and refusal, and none
// of operations that only read names and attributes.
func TestAuditLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit")
	logs, err := OpenLogs(config.Log{Level: "error", Format: "text", Output: "stderr"}, config.Audit{Output: file}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	w := newWorld()
	w.authenticate = func(req auth.Request) (auth.Response, error) {
		resp, err := onlyAlice(req)
		if resp.Identity != nil {
			resp.Identity.Home = "/home"
			resp.Identity.Grant = auth.Grant{Issuer: "first", Endpoint: "http://swift/v1/AUTH_a", Token: "hush"}
			resp.Identity.Rules = []auth.Rule{{Path: "/closed"}, {Path: "/", Permissions: auth.Permissions()}}
		}
		return resp, err
	}
	for _, dir := range []vfs.Path{"/home", "/home/closed"} {
		if err := w.fs.Mkdir(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	opts := w.options(t)
	opts.Logs = logs
	g, err := New(t.Context(), w.config(t, oneOfEach), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	named := request(func(r *auth.Request) { r.SessionID = "s1" })
	door := w.doors[0]
	wrong := named
	wrong.Password = "wrong"
	door.env.Login(t.Context(), wrong)
	offered := named
	offered.Method = auth.PublicKey // the authenticator does not support it
	door.env.Login(t.Context(), offered)
	sess, _, err := door.env.Login(t.Context(), named)
	if err != nil {
		t.Fatal(err)
	}
	if err := upload(t.Context(), sess, "/file", strings.NewReader("12345")); err != nil {
		t.Fatal(err)
	}
	sess.Stat(t.Context(), "/file")
	sess.List(t.Context(), "/closed")
	if err := sess.Rename(t.Context(), "/file", "/other", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	sess.Mkdir(t.Context(), "/closed/dir")
	sess.Remove(t.Context(), "/none")
	sess.TempURL(t.Context(), "/other", "PUT", time.Unix(1e9, 0))
	sess.Close()

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hush") || strings.Contains(string(text), "secret") {
		t.Errorf("a secret is in the audit log:\n%s", text)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		var r audit.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.Session != "s1" || r.User != "alice" || r.Service != "door" || r.Remote != "192.0.2.7:4711" || r.Time.IsZero() {
			t.Errorf("it is not told whose it is: %s", line)
		}
		if r.Result != "denied" && (r.Auth != "first" || r.Home != "/home") {
			t.Errorf("it is not told where it is: %s", line)
		}
		bytes := ""
		if r.Bytes != nil {
			bytes = "5 bytes"
		}
		changes := ""
		if len(r.Changes) > 0 {
			changes = fmt.Sprint(r.Changes)
		}
		got = append(got, strings.Join(strings.Fields(strings.Join([]string{r.Event, r.Result, r.Method, r.Path, r.Target, bytes, r.Account, changes}, " ")), " "))
	}
	want := []string{
		"login denied password",
		"login ok password http://swift/v1/AUTH_a",
		"upload ok /file 5 bytes",
		"list permission /closed",
		"rename ok /file /other",
		"mkdir permission /closed/dir",
		"remove not_exist /none",
		"tempurl unsupported /other map[method:PUT until:2001-09-09T01:46:40Z]",
		"logout ok",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the audit log (-want +got)\n%s", diff)
	}
}
