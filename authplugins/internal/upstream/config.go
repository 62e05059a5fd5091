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

// Config is the part of a configuration that says how to reach the service. It is embedded in an authenticator's own.
type Config struct {
	AuthURL  string `json:"auth_url"`
	CAFile   string `json:"ca_file"`
	Insecure bool   `json:"insecure"`
	Timeout  string `json:"timeout"`
}

// DefaultTimeout for a login ends before the gateway gives up, so that the log says who did not answer.
const DefaultTimeout = "20s"

// Schema describes Config's attributes.
func Schema(authURLDoc string) auth.Schema {
	return auth.Schema{
		{Name: "auth_url", Type: auth.TypeString, Required: true, Doc: authURLDoc},
		{Name: "ca_file", Type: auth.TypeString, Doc: "file of PEM certificates to trust instead of the system's"},
		{Name: "insecure", Type: auth.TypeBool, Default: "false", Doc: "do not check the service's certificate; for tests only"},
		{Name: "timeout", Type: auth.TypeString, Default: DefaultTimeout, Doc: "how long a login may take, e.g. \"20s\""},
	}
}

// Service is the configured service.
type Service struct {
	URL     *url.URL
	Client  *http.Client
	Timeout time.Duration // of a whole login, with its retries
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
