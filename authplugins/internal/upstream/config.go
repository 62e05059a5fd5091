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

// Config is the part of a configuration that is about the service. It is embedded in the
// configuration of an authenticator.
type Config struct {
	AuthURL  string `json:"auth_url"`
	CAFile   string `json:"ca_file"`
	Insecure bool   `json:"insecure"`
	Timeout  string `json:"timeout"`
	CacheFor string `json:"cache_for"`
}

const (
	// defaultTimeout is shorter than the gateway's own limit, so that the log names the service
	// that did not answer.
	defaultTimeout = "20s"
	// defaultCacheFor is the longest time for which a changed or removed password can still be used
	// to log in.
	defaultCacheFor = "30s"
)

// Defaults returns the Config with the default values.
func Defaults() Config { return Config{Timeout: defaultTimeout, CacheFor: defaultCacheFor} }

// Schema returns the schema of Config.
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
	Timeout  time.Duration // of a whole login, including retries
	CacheFor time.Duration // how long the gateway may answer the same login itself
}

// Service returns the configured service, or the mistakes in the options.
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
