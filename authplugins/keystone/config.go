package keystone

import (
	"fmt"
	"strings"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// config is the operator's configuration.
type config struct {
	upstream.Config
	Version         string `json:"version"`
	Region          string `json:"region"`
	ServiceType     string `json:"service_type"`
	Interface       string `json:"interface"`
	TenantSeparator string `json:"tenant_separator"`
	DomainSeparator string `json:"domain_separator"`
	DefaultDomain   string `json:"default_domain"`
	Project         string `json:"project"`
	StorageURL      string `json:"storage_url"`
}

// The versions of the API.
const (
	version3 = "3"
	version2 = "2.0"
)

func defaults() config {
	return config{
		Config:          upstream.Config{Timeout: upstream.DefaultTimeout},
		ServiceType:     "object-store",
		Interface:       "public",
		TenantSeparator: ".",
		DomainSeparator: "@",
		DefaultDomain:   "default",
	}
}

// Kind describes the authenticator to its program.
func Kind() authplugin.Kind {
	d := defaults()
	return authplugin.Kind{
		Info: auth.Info{
			Name:    "keystone",
			Methods: []auth.Method{auth.Password},
			Schema: append(upstream.Schema(`Keystone's address, e.g. "https://keystone.example.net/v3"`),
				auth.Attribute{Name: "version", Type: auth.TypeString, Default: version3, Doc: `of the API, "3" or "2.0"; the path of auth_url may say it too`},
				auth.Attribute{Name: "region", Type: auth.TypeString, Doc: "of the storage; the first in the catalog where left out"},
				auth.Attribute{Name: "service_type", Type: auth.TypeString, Default: d.ServiceType, Doc: "of the storage in the catalog"},
				auth.Attribute{Name: "interface", Type: auth.TypeString, Default: d.Interface, Doc: `"public", "internal" or "admin"`},
				auth.Attribute{Name: "tenant_separator", Type: auth.TypeString, Default: d.TenantSeparator, Doc: "between project and user in a login"},
				auth.Attribute{Name: "domain_separator", Type: auth.TypeString, Default: d.DomainSeparator, Doc: "before a domain in a login"},
				auth.Attribute{Name: "default_domain", Type: auth.TypeString, Default: d.DefaultDomain, Doc: `name of the domain of logins that give none; "default" is Keystone's own`},
				auth.Attribute{Name: "project", Type: auth.TypeString, Doc: "project of logins that give none, in the default domain; the user's own where left out"},
				auth.Attribute{Name: "storage_url", Type: auth.TypeString, Doc: "use this storage URL for everybody instead of the one in the catalog"},
			),
		},
		Configure: configure,
	}
}

func configure(given authplugin.Config) (auth.Authenticator, auth.Diagnostics) {
	c := defaults()
	if diags := given.Decode(&c); len(diags) > 0 {
		return nil, diags
	}
	service, diags := c.Service()
	wrong := func(attribute, summary, detail string) {
		diags = append(diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: detail})
	}
	// The old servers' configurations say publicURL.
	c.Interface = strings.TrimSuffix(strings.ToLower(c.Interface), "url")
	switch c.Interface {
	case "public", "internal", "admin":
	default:
		wrong("interface", "Unknown interface", `Give "public", "internal" or "admin".`)
	}
	if service.URL != nil {
		if err := c.setVersion(&service); err != nil {
			wrong("version", "Unknown version", err.Error())
		}
	}
	if c.StorageURL != "" {
		if _, err := upstream.ParseURL(c.StorageURL); err != nil {
			wrong("storage_url", "Not a URL", err.Error())
		}
	}
	const separators = "The two separators must not be empty, nor one a part of the other."
	switch tenant, domain := c.TenantSeparator, c.DomainSeparator; {
	case tenant == "":
		wrong("tenant_separator", "Unusable separator", separators)
	case domain == "" || strings.Contains(domain, tenant) || strings.Contains(tenant, domain):
		wrong("domain_separator", "Unusable separator", separators)
	}
	if c.ServiceType == "" {
		wrong("service_type", "Missing value", `Leave it out for "object-store".`)
	}
	if c.DefaultDomain == "" {
		wrong("default_domain", "Missing value", `Leave it out for "default".`)
	}
	if len(diags) > 0 {
		return nil, diags
	}
	a := &Authenticator{config: c, service: service, sealer: given.Sealer, form: form{tenant: c.TenantSeparator, domain: c.DomainSeparator}}
	if c.Version == version2 {
		a.form.domain = ""
	}
	return a, nil
}

// setVersion makes the option and the path of the URL say the same, whichever was given.
func (c *config) setVersion(service *upstream.Service) error {
	c.Version = strings.TrimPrefix(c.Version, "v")
	if c.Version == "2" {
		c.Version = version2
	}
	service.URL.Path = strings.TrimRight(service.URL.Path, "/")
	for version, path := range map[string]string{version3: "/v3", version2: "/v2.0"} {
		if !strings.HasSuffix(service.URL.Path, path) {
			continue
		}
		if c.Version != "" && c.Version != version {
			return fmt.Errorf("the path of auth_url says %q and version %q: leave one out", version, c.Version)
		}
		c.Version = version
		return nil
	}
	switch c.Version {
	case "", version3:
		c.Version = version3
		service.URL.Path += "/v3"
	case version2:
		service.URL.Path += "/v2.0"
	default:
		return fmt.Errorf(`%q is no version of Keystone's API: give "3" or "2.0"`, c.Version)
	}
	return nil
}
