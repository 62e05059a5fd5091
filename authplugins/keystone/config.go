package keystone

import (
	"fmt"
	"strconv"
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
	CodeLength      int    `json:"totp_digits"`
	Revoke          bool   `json:"revoke_tokens"`

	EC2         bool        `json:"ec2"`
	EC2Login    string      `json:"ec2_service_login"`
	EC2Password auth.Secret `json:"ec2_service_password"`

	project, projectDomain string // the parts of Project
}

// The versions of the API.
const (
	version3 = "3"
	version2 = "2.0"
)

func defaults() config {
	return config{
		Config:          upstream.Defaults(),
		ServiceType:     "object-store",
		Interface:       "public",
		TenantSeparator: ".",
		DomainSeparator: "@",
		DefaultDomain:   "default",
		CodeLength:      6,
		Revoke:          true,
	}
}

// Kind returns the authenticator for its program.
func Kind() authplugin.Kind {
	d := defaults()
	return authplugin.Kind{
		Info: auth.Info{
			Name:    "keystone",
			Methods: []auth.Method{auth.Password, auth.Interactive},
			Schema: append(upstream.Schema(`Keystone's address, e.g. "https://keystone.example.net/v3"`),
				auth.Attribute{Name: "version", Type: auth.TypeString, Default: version3, Doc: `of the API, "3" or "2.0"; the path of auth_url may say it too`},
				auth.Attribute{Name: "region", Type: auth.TypeString, Doc: "of the storage; the first in the catalog where left out"},
				auth.Attribute{Name: "service_type", Type: auth.TypeString, Default: d.ServiceType, Doc: "of the storage in the catalog"},
				auth.Attribute{Name: "interface", Type: auth.TypeString, Default: d.Interface, Doc: `"public", "internal" or "admin"`},
				auth.Attribute{Name: "tenant_separator", Type: auth.TypeString, Default: d.TenantSeparator, Doc: "between project and user in a login; empty: logins have no project"},
				auth.Attribute{Name: "domain_separator", Type: auth.TypeString, Default: d.DomainSeparator, Doc: "before a domain in a login; empty: logins have no domain"},
				auth.Attribute{Name: "default_domain", Type: auth.TypeString, Default: d.DefaultDomain, Doc: `name of the domain of logins that give none, or its id as "id=…"; "default" is Keystone's own`},
				auth.Attribute{Name: "project", Type: auth.TypeString, Doc: "project of logins that give none, as PROJECT or PROJECT@DOMAIN; the user's own where left out"},
				upstream.OverrideAttribute(),
				auth.Attribute{Name: "totp_digits", Type: auth.TypeNumber, Default: strconv.Itoa(d.CodeLength), Doc: "length of one-time codes that may follow the password, where Keystone asks for one; 0: none may"},
				auth.Attribute{Name: "revoke_tokens", Type: auth.TypeBool, Default: strconv.FormatBool(d.Revoke), Doc: "take tokens back when no session needs them any more"},
				auth.Attribute{Name: "ec2", Type: auth.TypeBool, Default: "false", Doc: "take 32 hexadecimal digits, and names that begin with ec2=, for access keys of EC2 credentials"},
				auth.Attribute{Name: "ec2_service_login", Type: auth.TypeString, Doc: "account with the role service that checks EC2 credentials, where Keystone wants one, as service.filegate"},
				auth.Attribute{Name: "ec2_service_password", Type: auth.TypeString, Secret: true, Doc: "its password"},
			),
			Revalidates: true,
			Releases:    true,
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
	var long auth.Diagnostics
	service.Timeout, long = given.Within("timeout", service.Timeout)
	diags = append(diags, long...)
	wrong := func(attribute, summary, detail string) {
		diags = append(diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: detail})
	}
	// The configurations of sftp-cloudfs and ftp-cloudfs have "publicURL".
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
	storage, overrideDiags := upstream.ParseOverride(c.StorageURL)
	diags = append(diags, overrideDiags...)
	tenant, domain := c.TenantSeparator, c.DomainSeparator
	if tenant != "" && domain != "" && (strings.Contains(domain, tenant) || strings.Contains(tenant, domain)) {
		wrong("domain_separator", "Unusable separator", "Neither of tenant_separator and domain_separator may contain the other.")
	}
	if strings.ContainsAny(tenant+domain, "=?") {
		wrong("tenant_separator", "Unusable separator", `The characters "=" and "?" have a meaning of their own in logins.`)
	}
	if c.CodeLength < 0 || c.CodeLength > maxCode {
		wrong("totp_digits", "Unusable number", "Set the number of digits of a code, such as 6, or 0 for no codes.")
	}
	if c.ServiceType == "" {
		wrong("service_type", "Missing value", `Leave it out for "object-store".`)
	}
	if c.DefaultDomain == "" {
		wrong("default_domain", "Missing value", `Leave it out for "default".`)
	}
	switch {
	case c.EC2 && c.Version == version2:
		wrong("ec2", "Not in this version", "EC2 credentials are logins only with version 3.")
	case !c.EC2 && (c.EC2Login != "" || c.EC2Password != ""):
		wrong("ec2_service_login", "No EC2 logins", "It has a meaning only with ec2 = true.")
	case (c.EC2Login == "") != (c.EC2Password == ""):
		wrong("ec2_service_login", "Half an account", "Give both ec2_service_login and ec2_service_password.")
	}
	if len(diags) > 0 {
		return nil, diags
	}
	form := form{tenant: tenant, domain: domain, ec2: c.EC2}
	if c.Version == version2 {
		form.domain, form.plain, c.CodeLength = "", true, 0
	}
	c.project = c.Project
	if form.domain != "" {
		c.project, c.projectDomain, _ = strings.Cut(c.Project, form.domain)
	}
	return &Authenticator{config: c, service: service, storage: storage, sealer: given.Sealer, form: form, states: newStates(given.Sealer)}, nil
}

// setVersion makes the option version and the path of the URL agree, whichever of them was given.
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
