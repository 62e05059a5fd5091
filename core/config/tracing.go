package config

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"filegate/core/auth"
)

// Tracing is the block "tracing": an OpenTelemetry collector that gets the operations of clients
// and the requests to the storage as spans.
type Tracing struct {
	// Endpoint is the URL of the collector's receiver for OTLP over HTTP. Empty: no tracing. The
	// path is /v1/traces if it has none.
	Endpoint   string            `hcl:"endpoint,optional"`
	Headers    []TracingHeader   `hcl:"header,block"`        // of the requests to the collector
	CAFile     string            `hcl:"ca_file,optional"`    // file of trusted authorities in PEM; empty: the system's
	Sample     float64           `hcl:"sample,optional"`     // share of the operations that are sent, up to 1
	Attributes map[string]string `hcl:"attributes,optional"` // of the resource
	Timeout    time.Duration     `hcl:"timeout,optional"`    // of one request to the collector

	Roots *x509.CertPool // from CAFile; nil: the system's
}

// TracingHeader is a header of the requests to the collector, such as for a login.
type TracingHeader struct {
	Name  string      `hcl:"name,label"`
	Value auth.Secret `hcl:"value"`
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (r *reader) checkTracing(t *Tracing, top Block) {
	report := func(attribute, summary, detail string) {
		r.diags = append(r.diags, top.Diagnose("tracing."+attribute, summary, detail))
	}
	if t.Endpoint != "" {
		u, err := url.Parse(t.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			report("endpoint", "Bad address of a collector", `Give a URL without user and query, such as "https://otel.example.net:4318". A login belongs into a header block.`)
		}
	}
	for _, h := range t.Headers {
		if !headerName.MatchString(h.Name) || strings.ContainsAny(h.Value.Reveal(), "\r\n\x00") {
			r.diags = append(r.diags, top.Diagnose("tracing", fmt.Sprintf("Bad header %q", h.Name), `Give a name such as "authorization", and a value of one line.`))
		}
	}
	if t.CAFile != "" {
		text, err := os.ReadFile(t.CAFile)
		t.Roots = x509.NewCertPool()
		switch {
		case err != nil:
			report("ca_file", "Certificates cannot be read", pathCause(err).Error()+".")
		case !t.Roots.AppendCertsFromPEM(text):
			report("ca_file", "No certificates", t.CAFile+" has none in PEM.")
		}
	}
	if !(t.Sample > 0 && t.Sample <= 1) {
		report("sample", "Bad share", "Give a number above 0 and up to 1, such as 0.1 for one operation of ten.")
	}
	if t.Timeout < 100*time.Millisecond || t.Timeout > time.Minute {
		report("timeout", "Timeout out of range", `Give a time from "100ms" to "1m", such as "10s".`)
	}
}
