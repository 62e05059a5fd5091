package config

import (
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/frontend"
)

var update = flag.Bool("update", false, "write what the tests got into testdata")

// store is the options of a backend, one of each type.
type store struct {
	Root  string            `hcl:"root"`
	Size  int64             `hcl:"size,optional" unit:"bytes"`
	Limit int               `hcl:"limit,optional"`
	Ratio float64           `hcl:"ratio,optional"`
	Wait  time.Duration     `hcl:"wait,optional"`
	Sync  bool              `hcl:"sync,optional"`
	Times string            `hcl:"times,optional" unit:"word"`
	Extra map[string]string `hcl:"extra,optional"`
	Pin   auth.Secret       `hcl:"pin,optional"`
	Rules []rule            `hcl:"rule,block"`
}

type rule struct {
	Name  string `hcl:"name,label"`
	Allow bool   `hcl:"allow"`
}

func (s *store) Validate(report func(attribute, summary, detail string)) {
	if s.Limit > 10 {
		report("limit", "Limit too high", "Give at most 10.")
	}
}

func (s *store) New(backend.Env) (backend.Backend, error) { return nil, errors.New("not made to run") }

// door is the options of a frontend.
type door struct {
	Listen []string `hcl:"listen"`
	TLS    *doorTLS `hcl:"tls,block"`
	Idle   idle     `hcl:"idle,block"`

	Clients int // not an option, but other data of the part
}

type doorTLS struct {
	Cert string `hcl:"cert,optional"`
}

type idle struct {
	After time.Duration `hcl:"after,optional"`
}

func (d *door) Validate(report func(attribute, summary, detail string)) {
	for _, addr := range d.Listen {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			report("listen", "Bad address", "Give host and port.")
		}
	}
	if d.TLS != nil && d.TLS.Cert == "" {
		report("tls.cert", "No certificate", "Name a file with a certificate in PEM.")
	}
}

func (d *door) New(frontend.Env) (frontend.Server, error) {
	return nil, errors.New("not made to run")
}

// shelf is the options of a cache.
type shelf struct {
	Boards int         `hcl:"boards,optional"`
	Key    auth.Secret `hcl:"key,optional"`
}

func (s *shelf) Validate(report func(attribute, summary, detail string)) {
	if s.Boards > 10 {
		report("boards", "Too many boards", "Give at most 10.")
	}
}

func (s *shelf) New(cache.Env) (cache.Cache, error) { return nil, errors.New("not made to run") }

func testOptions() Options {
	shelfKind := func(name string, shared bool) cache.Kind {
		return cache.Kind{Name: name, Shared: shared, Config: func() cache.Config { return &shelf{Boards: 2} }}
	}
	return Options{
		Caches: []cache.Kind{shelfKind("own", false), shelfKind("common", true), shelfKind("public", true)},
		Backends: []backend.Kind{{Name: "store", Config: func() backend.Config {
			return &store{Size: 1 << 20, Limit: 3}
		}}},
		Frontends: []frontend.Kind{{Name: "door", Config: func() frontend.Config {
			return &door{Idle: idle{After: time.Minute}}
		}}},
		PluginDir: filepath.FromSlash("testdata/plugins"),
		LookupEnv: func(name string) (string, bool) {
			v, ok := map[string]string{"SOME_NAME": "from the environment", "EMPTY": "", "LIMIT": "7", "SYNC": "true", "PART": "parts/process.conf"}[name]
			return v, ok
		},
	}
}

func TestGoodFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("no files in testdata/good: ", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			if _, err := Load(name, testOptions()); err != nil {
				t.Errorf("Load of a good file:\n%v", err)
			}
		})
	}
}

// TestBadFiles compares all messages about each bad file with the .want file beside it.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("no files in testdata/bad: ", err)
	}
	pwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			_, err := Load(name, testOptions())
			if err == nil {
				t.Fatal("Load of a bad file returned no error")
			}
			if _, ok := errors.AsType[Diagnostics](err); !ok {
				t.Errorf("the error is of type %T, want Diagnostics", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a secret is shown")
			}
			golden(t, strings.TrimSuffix(name, ".hcl")+".want", strings.ReplaceAll(err.Error(), pwd, "$PWD")+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test -update, and read what it wrote", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("what is said of the file differs from %s (-want +got); if the change is meant: go test -update\n%s", file, diff)
	}
}

// TestInclude reads a configuration that consists of several files.
func TestInclude(t *testing.T) {
	cfg, err := Load("testdata/good/include.hcl", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.PIDFile != "/run/included.pid" || cfg.Log.Level != "debug" || len(cfg.Backends) != 1 {
		t.Fatalf("read %+v, want the pid file, the level and the backend of the included files", cfg)
	}
	got := *cfg.Backends[0].Config.(*store)
	if want := (store{Root: "/", Size: 1 << 20, Pin: auth.Secret("0000"), Limit: 7, Sync: true}); !cmp.Equal(got, want, cmpopts.EquateEmpty()) {
		t.Errorf("the backend of the included file is %+v, want %+v", got, want)
	}
	place := cfg.Backends[0].Diagnose("limit", "", "").Place()
	if want := "testdata/good/parts/store.hcl:5"; place != want {
		t.Errorf("a later mistake is shown at %s, want %s", place, want)
	}
	if admin, err := LoadAdmin("testdata/admin/all.hcl", testOptions()); err != nil || admin.Socket != "/run/here" {
		t.Errorf("the admin block of an included file: %+v, %v", admin, err)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load("testdata/none.hcl", testOptions())
	if err == nil || !strings.Contains(err.Error(), "testdata/none.hcl") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Load of a missing file says %q, want its name and what is wrong", err)
	}
}

// TestEveryType reads an option of each type, and tests the defaults of missing ones.
func TestEveryType(t *testing.T) {
	cfg, err := Load("testdata/good/everything.hcl", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	opts := cmp.Options{
		cmpopts.IgnoreTypes(Block{}), cmpopts.IgnoreFields(Auth{}, "values", "called", "Path"),
	}
	want := &Config{
		Log:   Log{Level: "debug", Format: "json", Output: "syslog", Tag: "filegate"},
		Admin: Admin{Listen: "127.0.0.1:9180"},
		Login: Login{
			FailDelay: time.Second, Concurrent: 64, MaxPerAddress: 50,
			CacheFor: 5 * time.Minute, Revalidate: 5 * time.Minute, Grace: time.Hour,
			MaxWaiting: 1000, Penalty: defaultLogin().Penalty,
			Ban: Ban{Failures: 3, UserFailures: 100, Window: 10 * time.Minute, Duration: time.Hour, SlowAfter: 5, MaxDelay: 10 * time.Second, Allow: []string{"192.0.2.0/24", "::1"}},
		},
		Limits:        defaultLimits(),
		Tracing:       Tracing{Sample: 1, Timeout: 10 * time.Second},
		ShutdownGrace: 90 * time.Second,
		Privileges:    "drop",
		Sandbox:       "auto",
		Auths: []*Auth{
			{Kind: "people", Name: "first", SHA256: strings.Repeat("0a", 32), StartTimeout: 10 * time.Second, CallTimeout: 30 * time.Second},
			{Kind: "people", Name: "second", StartTimeout: 10 * time.Second, CallTimeout: 30 * time.Second},
		},
		Caches: []*Cache{
			{Kind: "own", Config: &shelf{Boards: 2}},
			{Kind: "common", Shared: true, Config: &shelf{Boards: 7, Key: "from the environment"}},
		},
		Backends: []*Backend{
			{Kind: "store", Name: "a", Config: &store{
				Root: "from the environment", Size: 64 << 20, Limit: 5, Ratio: 0.5, Wait: 90 * time.Minute, Sync: true, Times: "true",
				Extra: map[string]string{"k": "v"}, Pin: "line one\nline two", Rules: []rule{{"x", true}, {"y", false}},
			}},
			{Kind: "store", Name: "b", Config: &store{Root: "/srv", Size: 1 << 20, Limit: 3, Times: "type", Rules: []rule{}}},
		},
		Frontends: []*Frontend{
			{Kind: "door", Name: "public", Auth: []string{"second", "first"}, Backend: "b", Config: &door{
				Listen: []string{"127.0.0.1:8022", "[::1]:8022"}, TLS: &doorTLS{Cert: "x.pem"}, Idle: idle{After: time.Minute},
			}},
		},
	}
	if diff := cmp.Diff(want, cfg, opts, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
	if !filepath.IsAbs(cfg.Auths[0].Path) || filepath.Base(cfg.Auths[0].Path) != "filegate-auth-people" {
		t.Errorf("the program of the first authenticator is %s, want filegate-auth-people in plugin_dir, as an absolute path", cfg.Auths[0].Path)
	}
}

func TestSoleReferencesMayBeLeftOut(t *testing.T) {
	cfg, err := Load("testdata/good/small.hcl", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Frontends[0]
	if diff := cmp.Diff([]string{"only"}, f.Auth); diff != "" || f.Backend != "main" {
		t.Errorf("the frontend has auth %v and backend %q, want the only ones that there are", f.Auth, f.Backend)
	}
}

func TestAllOptions(t *testing.T) {
	var got []string
	for _, o := range AllOptions(testOptions()) {
		got = append(got, strings.Join(o.Path, "."))
	}
	want := strings.Fields(`include plugin_dir shutdown_grace drain_delay pid_file user group privileges sandbox writable core_dumps log log.level log.format log.output log.tag audit audit.output admin admin.listen admin.socket admin.token admin.tls admin.tls.cert admin.tls.key
		login login.fail_delay login.concurrent login.max_per_address login.cache_for login.revalidate login.grace
		login.ban login.ban.failures login.ban.user_failures login.ban.window login.ban.duration login.ban.slow_after login.ban.max_delay login.ban.allow
		login.penalty login.penalty.no_login login.penalty.handshake login.penalty.keys login.penalty.timeout login.penalty.min login.penalty.max login.max_waiting limits`)
	for _, block := range strings.Fields("total per_address per_user per_account") {
		want = append(want, "limits."+block)
		if block == "total" || block == "per_address" {
			want = append(want, "limits."+block+".connections")
		}
		for _, name := range strings.Fields("sessions logins_per_minute transfers upload_rate download_rate") {
			want = append(want, "limits."+block+"."+name)
		}
	}
	want = append(want, strings.Fields(`tracing tracing.endpoint tracing.header tracing.header.value tracing.ca_file tracing.sample tracing.attributes tracing.timeout
		auth cache backend frontend event_hook
		auth.path auth.sha256 auth.args auth.env auth.start_timeout auth.call_timeout auth.any_owner auth.required auth.config
		event_hook.events event_hook.url event_hook.command event_hook.secret event_hook.ca_file event_hook.timeout event_hook.retry_for event_hook.queue event_hook.before`)...)
	for _, kind := range strings.Fields("own common public") {
		want = append(want, `cache "`+kind+`".boards`, `cache "`+kind+`".key`)
	}
	for _, name := range strings.Fields("root size limit ratio wait sync times extra pin rule rule.allow") {
		want = append(want, `backend "store".`+name)
	}
	for _, name := range strings.Fields("auth backend listen tls tls.cert idle idle.after") {
		want = append(want, `frontend "door".`+name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("AllOptions (-want +got):\n%s", diff)
	}
}

func TestFieldsPanicOnUnknownTypes(t *testing.T) {
	for name, target := range map[string]any{
		"type": &struct {
			X uint8 `hcl:"x"`
		}{},
		"option": &struct {
			X string `hcl:"x,maybe"`
		}{},
		"unit": &struct {
			X int64 `hcl:"x" unit:"seconds"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic for a struct that cannot be decoded into: a part's author would not notice")
				}
			}()
			(&decoder{}).body(nil, Block{}.def, target)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.hcl", "testdata/bad/*.hcl"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := Parse(text, "fuzz.hcl", testOptions())
		if (cfg == nil) == (err == nil) {
			t.Fatalf("Parse returned %v and %v, want either a configuration or its mistakes", cfg, err)
		}
		if err != nil {
			_ = err.Error()
			return
		}
		for _, a := range cfg.Auths {
			_, diags := a.Decode(auth.Schema{{Name: "url", Type: auth.TypeString, Required: true}})
			_ = a.Locate(diags).Error()
		}
	})
}

// TestWarnOfReadableFiles tests that there is a warning about a file with secrets that other users
// can read, and none if they cannot read it.
func TestWarnOfReadableFiles(t *testing.T) {
	dir := t.TempDir()
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o640: 0, 0o644: 1} {
		file := filepath.Join(dir, "key")
		if err := errors.Join(os.WriteFile(file, []byte("debug\n"), 0o600), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
		text := "log { level = file(\"key\") }\n" + `auth "people" "x" { path = "/bin/true" }
backend "store" "y" { root = "/" }
frontend "door" "z" { listen = ["127.0.0.1:1"] }
`
		cfg, err := Parse([]byte(text), filepath.Join(dir, "gateway.hcl"), testOptions())
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.Warnings(); len(got) != want || want > 0 && !strings.Contains(got.Error(), "chmod 600 "+file) {
			t.Errorf("mode %o: the operator is warned of %v", mode, got)
		}
	}
}

// TestPlainHook tests the warning about hooks whose decisions others on the network could forge.
func TestPlainHook(t *testing.T) {
	for text, want := range map[string]int{
		`url = "http://hooks.example.net/"`:         0,
		`url = "http://hooks.example.net/" before`:  1,
		`url = "http://10.0.0.7:8080/" before`:      1,
		`url = "https://hooks.example.net/" before`: 0,
		`url = "http://127.0.0.1:8080/" before`:     0,
		`url = "http://[::1]:8080/" before`:         0,
		`url = "http://localhost/" before`:          0,
		`command = ["/bin/true"] before`:            0,
	} {
		hook := "event_hook \"web\" {\n" + strings.Replace(text, " before", "\nbefore = true", 1) + "\n}\n"
		hook += `auth "people" "x" { path = "/bin/true" }
backend "store" "y" { root = "/" }
frontend "door" "z" { listen = ["127.0.0.1:1"] }
`
		cfg, err := Parse([]byte(hook), "gateway.hcl", testOptions())
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.Warnings(); len(got) != want || want > 0 && !strings.Contains(got.Error(), "can be forged") {
			t.Errorf("%s gives the warnings %v, want %d", text, got, want)
		}
	}
}
