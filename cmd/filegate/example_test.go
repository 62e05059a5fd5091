package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/authplugins/hook"
	"filegate/authplugins/keystone"
	"filegate/authplugins/ldap"
	"filegate/authplugins/swiftv1"
	"filegate/authplugins/users"
	"filegate/core/auth"
	"filegate/core/cache/redis"
	"filegate/core/config"
)

const exampleFile = "../../gateway.hcl.example"

// leftOut matches a line of the example with an option, or the end of a block, that is commented
// out.
var leftOut = regexp.MustCompile(`(?m)^( *)#([a-z}])`)

// withoutCache returns the example without the block of a cache. There can be only one shared one.
func withoutCache(text, kind string) string {
	return regexp.MustCompile(`(?ms)^cache "`+kind+`" \{.*?^\}$`).ReplaceAllString(text, "")
}

// parseExample parses a text like the example, with all files that it refers to.
func parseExample(t *testing.T, text string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	for _, kind := range []string{"swiftv1", "keystone", "users", "ldap", "hook"} {
		write(t, filepath.Join(dir, "filegate-auth-"+kind), "#!/bin/sh\n", 0o755)
	}
	if err := ensureHostKey(filepath.Join(dir, "ssh_host_ed25519_key")); err != nil {
		t.Fatal(err)
	}
	cert, key := certificate(t)
	write(t, filepath.Join(dir, "tls.pem"), cert, 0o644)
	write(t, filepath.Join(dir, "tls.key"), key, 0o600)
	write(t, filepath.Join(dir, "redis-ca.pem"), cert, 0o644)
	write(t, filepath.Join(dir, "otel.token"), "Bearer for-the-tests\n", 0o600)
	write(t, filepath.Join(dir, "cache.key"), "Zm9yIHRoZSB0ZXN0cyBvZiB0aGUgZXhhbXBsZSBvbmx5\n", 0o600)
	opts, err := configOptions()
	if err != nil {
		t.Fatal(err)
	}
	opts.PluginDir = dir
	text = strings.NewReplacer("/etc/filegate/", dir+"/", "/srv/filegate", dir).Replace(text)
	cfg, err := config.Parse([]byte(text), "gateway.hcl.example", opts)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func write(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// certificate returns a certificate and its key, both in PEM.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}))
}

func readExample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExampleShowsDefaults parses the example as it is, and with all commented options. The results
// must be equal.
func TestExampleShowsDefaults(t *testing.T) {
	text := readExample(t)
	asItIs, full := parseExample(t, text), parseExample(t, withoutCache(leftOut.ReplaceAllString(text, "$1$2"), "redis"))
	opts := cmp.Options{
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmpopts.IgnoreTypes(config.Block{}), cmpopts.EquateEmpty(),
		cmp.FilterPath(func(p cmp.Path) bool { // directories of the two calls
			last := p.Last().String()
			return slices.Contains([]string{".Path", ".HostKeys", ".Root", ".Cert", ".Key", ".values", ".called", ".opened"}, last)
		}, cmp.Ignore()),
	}
	if diff := cmp.Diff(asItIs, full, opts); diff != "" {
		t.Errorf("the example shows another value than the default (-default +shown):\n%s", diff)
	}
}

// TestExampleWithRedis parses the example with the other shared cache.
func TestExampleWithRedis(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "secret")
	cfg := parseExample(t, withoutCache(leftOut.ReplaceAllString(readExample(t), "$1$2"), "memcached"))
	for _, c := range cfg.Caches {
		if got, ok := c.Config.(*redis.Config); ok {
			want := redis.DefaultConfig()
			if got.Timeout != want.Timeout || got.Pause != want.Pause {
				t.Errorf("the example shows %v and %v, and the defaults are %v and %v", got.Timeout, got.Pause, want.Timeout, want.Pause)
			}
			return
		}
	}
	t.Error("the example has no cache in Redis")
}

// TestExampleShowsDefaultsOfAuthenticators does the same for the options of authenticators, which
// the configuration does not know.
func TestExampleShowsDefaultsOfAuthenticators(t *testing.T) {
	full := parseExample(t, withoutCache(leftOut.ReplaceAllString(readExample(t), "$1$2"), "redis"))
	schemas := map[string]auth.Schema{
		"swiftv1":  swiftv1.Kind().Info.Schema,
		"keystone": keystone.Kind().Info.Schema,
		"users":    users.Kind().Info.Schema,
		"ldap":     ldap.Kind().Info.Schema,
		"hook":     hook.Kind().Info.Schema,
	}
	asItIs := parseExample(t, readExample(t))
	for i, a := range full.Auths {
		schema := schemas[a.Kind]
		values, set := decoded(t, a, schema), decoded(t, asItIs.Auths[i], schema)
		for _, attr := range schema {
			value, ok := values[attr.Name]
			_, isSet := set[attr.Name]
			switch {
			case !ok:
				t.Errorf("auth %q: the example does not have %s", a.Kind, attr.Name)
			case !isSet && fmt.Sprint(value) != attr.Default:
				t.Errorf("auth %q: the example shows %s = %v, and the default is %q", a.Kind, attr.Name, value, attr.Default)
			}
		}
	}
}

// decoded returns the options of an auth block.
func decoded(t *testing.T, a *config.Auth, schema auth.Schema) (values map[string]any) {
	t.Helper()
	if len(schema) == 0 {
		t.Fatalf("auth %q: the test has no schema for it", a.Kind)
	}
	text, diags := a.Decode(schema)
	if len(diags) > 0 {
		t.Fatal(a.Locate(diags))
	}
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// TestExampleIsComplete checks that every option of every part is in its block of the example, set
// or commented out.
func TestExampleIsComplete(t *testing.T) {
	opts, err := configOptions()
	if err != nil {
		t.Fatal(err)
	}
	text := leftOut.ReplaceAllString(readExample(t), "$1$2")
	for _, o := range config.AllOptions(opts) {
		in := text
		for _, outer := range o.Path[:len(o.Path)-1] {
			in = blockOf(in, outer)
		}
		name := o.Path[len(o.Path)-1]
		if !regexp.MustCompile(`(?m)^ *` + name + `( *=|\b.*\{)`).MatchString(in) {
			t.Errorf("gateway.hcl.example does not have %s", strings.Join(o.Path, "."))
		}
	}
}

// blockOf returns the first block with that header, or "". It relies on the indentation.
func blockOf(text, header string) string {
	begin := regexp.MustCompile(`(?m)^( *)` + regexp.QuoteMeta(header) + `[^\n]*\{`).FindStringSubmatchIndex(text)
	if begin == nil {
		return ""
	}
	block, indent := text[begin[0]:], text[begin[2]:begin[3]]
	if end := strings.Index(block, "\n"+indent+"}"); end >= 0 {
		block = block[:end]
	}
	return block[begin[1]-begin[0]:]
}
