package upstream

import (
	"net/url"
	"strings"

	"filegate/core/auth"
)

// Override is a storage URL from the configuration that replaces the one in an answer. The zero
// value replaces nothing.
type Override struct {
	url  *url.URL
	text string
}

// OverrideAttribute returns the option for a schema.
func OverrideAttribute() auth.Attribute {
	return auth.Attribute{
		Name: "storage_url", Type: auth.TypeString,
		Doc: "use this storage URL instead of the one in the answer; without a path: only its host, with the answer's path",
	}
}

// ParseOverride parses the option. An empty text is the zero Override.
func ParseOverride(text string) (Override, auth.Diagnostics) {
	if text == "" {
		return Override{}, nil
	}
	u, err := ParseURL(text)
	if err != nil {
		return Override{}, auth.Diagnostics{{Attribute: "storage_url", Summary: "Not a URL", Detail: err.Error()}}
	}
	return Override{url: u, text: text}, nil
}

// Complete reports whether the storage URL of an answer is not needed at all.
func (o Override) Complete() bool { return o.url != nil && strings.Trim(o.url.Path, "/") != "" }

// Apply returns the storage URL for an answer, or an error if the answer has no usable one.
func (o Override) Apply(answered string) (string, error) {
	if o.Complete() {
		return o.text, nil
	}
	u, err := ParseURL(answered)
	if err != nil || o.url == nil {
		return answered, err
	}
	u.Scheme, u.Host = o.url.Scheme, o.url.Host
	return u.String(), nil
}
