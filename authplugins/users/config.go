package users

import (
	"io"
	"os"
	"runtime"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
	"filegate/core/config"
)

// defaultCache is the default of cache_for: the same as that of the authenticators with an HTTP
// service (authplugins/internal/upstream).
const defaultCache = "30s"

// Kind returns the authenticator for its program.
func Kind() authplugin.Kind { return kind(os.Stderr) }

// kind is Kind with log as the destination of messages about changed files.
func kind(log io.Writer) authplugin.Kind {
	return authplugin.Kind{
		Info: auth.Info{
			Name:        "users",
			Methods:     []auth.Method{auth.Password, auth.PublicKey, auth.Certificate},
			Revalidates: true,
			Releases:    true,
			Schema: auth.Schema{
				{Name: "file", Type: auth.TypeString, Required: true, Doc: "the file with the users; read again when it changes"},
				{Name: "key", Type: auth.TypeString, Secret: true, Doc: `opens the secrets in the file: 32 random bytes in base64, as file("…") or env("…")`},
				{Name: "cache_for", Type: auth.TypeString, Default: defaultCache, Doc: `how long a login may be answered again without asking; "0s": not at all`},
			},
		},
		Configure: func(given authplugin.Config) (auth.Authenticator, auth.Diagnostics) { return configure(given, log) },
	}
}

func configure(given authplugin.Config, log io.Writer) (auth.Authenticator, auth.Diagnostics) {
	c := struct {
		File     string      `json:"file"`
		Key      auth.Secret `json:"key"`
		CacheFor string      `json:"cache_for"`
	}{CacheFor: defaultCache}
	if diags := given.Decode(&c); len(diags) > 0 {
		return nil, diags
	}
	var diags auth.Diagnostics
	wrong := func(attribute, summary, detail string) {
		diags = append(diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: detail})
	}
	var key userfile.Key
	if c.Key != "" {
		var err error
		if key, err = userfile.ParseKey(c.Key); err != nil {
			wrong("key", "Not a key", err.Error()+".")
		}
	}
	cacheFor, err := time.ParseDuration(c.CacheFor)
	if err != nil || cacheFor < 0 {
		wrong("cache_for", "Not a duration", `Give a time with a unit, such as "30s", or "0s" for no cache.`)
	}
	if len(diags) > 0 {
		return nil, diags
	}
	loader := &loader{name: c.File, key: key, sealer: given.Sealer, callTimeout: given.CallTimeout}
	source, err := newSource(c.File, loader.load, log)
	if err != nil {
		wrong("file", "The file "+c.File+" is not good", err.Error())
		return nil, diags
	}
	return &Authenticator{
		source:   source,
		key:      key,
		cacheFor: cacheFor,
		sealer:   given.Sealer,
		hashing:  make(chan struct{}, runtime.GOMAXPROCS(0)),
	}, nil
}

// content is a parsed file with the authenticators for its storages.
type content struct {
	*userfile.File
	storages map[string]auth.Authenticator // by name
}

// loader parses the file and configures the authenticators.
type loader struct {
	name   string
	key    userfile.Key
	sealer authplugin.Sealer

	callTimeout time.Duration

	// Authenticators of the previous file by kind and options. They have open connections.
	known map[string]auth.Authenticator
}

// load must not be called concurrently.
func (l *loader) load() (*content, error) {
	file, err := userfile.Load(l.name, l.key)
	if err != nil {
		return nil, err
	}
	c := &content{File: file, storages: map[string]auth.Authenticator{}}
	known := map[string]auth.Authenticator{}
	var diags config.Diagnostics
	for _, s := range file.Storages() {
		id, authenticator, found := l.storage(s)
		for _, d := range found {
			diags = append(diags, s.Place.Diagnose(d.Attribute, d.Summary, d.Detail))
		}
		known[id], c.storages[s.Name] = authenticator, authenticator
	}
	if len(diags) > 0 {
		return nil, diags
	}
	l.known = known
	return c, nil
}
