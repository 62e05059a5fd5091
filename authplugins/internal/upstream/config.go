package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"time"

	"filegate/core/auth"
)

// Config is the part of a configuration that says how to reach the service. It is embedded in an
// authenticator's own.
type Config struct {
	AuthURL  string `json:"auth_url"`
	CAFile   string `json:"ca_file"`
	Insecure bool   `json:"insecure"`
	Timeout  string `json:"timeout"`
	CacheFor string `json:"cache_for"`
}

const (
	// defaultTimeout for a login ends before the gateway gives up, so that the log says who did not
	// answer.
	defaultTimeout = "20s"
	// defaultCacheFor is how long a password that was changed or taken away goes on being good for
	// a login, at most.
	defaultCacheFor = "30s"
)

// Defaults is the Config to decode the operator's into.
func Defaults() Config { return Config{Timeout: defaultTimeout, CacheFor: defaultCacheFor} }

// Schema describes Config's attributes.
func Schema(authURLDoc string) auth.Schema {
	return auth.Schema{
		{Name: "auth_url", Type: auth.TypeString, Required: true, Doc: authURLDoc},
		{Name: "ca_file", Type: auth.TypeString, Doc: "file of PEM certificates to trust instead of the system's"},
		{Name: "insecure", Type: auth.TypeBool, Default: "false", Doc: "do not check the service's certificate; for tests only"},
		{Name: "timeout", Type: auth.TypeString, Default: defaultTimeout, Doc: "how long a login may take, e.g. \"20s\""},
		{Name: "cache_for", Type: auth.TypeString, Default: defaultCacheFor, Doc: "how long the same login may be answered without asking again; 0s: not at all"},
	}
}

// Service is the configured service.
type Service struct {
	URL      *url.URL
	Client   *http.Client
	Timeout  time.Duration // of a whole login, with its retries
	CacheFor time.Duration // how long a login is good without asking
}

// Service checks the options and makes the client, or says what is wrong with them.
func (c Config) Service() (Service, auth.Diagnostics) {
	var diags auth.Diagnostics
	wrong := func(attribute, summary, detail string) {
		diags = append(diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: detail})
	}
	s := Service{}
	var err error
	if s.URL, err = ParseURL(c.AuthURL); err != nil {
		wrong("auth_url", "Not a URL", err.Error())
	}
	if s.Timeout, err = time.ParseDuration(c.Timeout); err != nil || s.Timeout <= 0 {
		wrong("timeout", "Not a duration", `Give a positive number with a unit, such as "20s" or "1m".`)
	}
	if s.CacheFor, err = time.ParseDuration(c.CacheFor); err != nil || s.CacheFor < 0 {
		wrong("cache_for", "Not a duration", `Give a time with a unit, such as "30s", or "0s" for none.`)
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Insecure}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		tlsConfig.RootCAs = x509.NewCertPool()
		switch {
		case err != nil:
			wrong("ca_file", "Unreadable file", "The authenticator cannot read it: "+err.Error()+".")
		case !tlsConfig.RootCAs.AppendCertsFromPEM(pem):
			wrong("ca_file", "No certificate", "The file "+c.CAFile+" has no certificate in PEM form.")
		}
	}
	s.Client = newClient(tlsConfig)
	return s, diags
}
