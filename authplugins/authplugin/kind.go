package authplugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"filegate/core/auth"
)

// Kind is a kind of authenticator, as its author defines it.
type Kind struct {
	// Info describes the kind. An empty Version is replaced by the version of the build.
	Info auth.Info
	// Configure returns an authenticator for the operator's configuration, or the mistakes in it.
	// The values have been checked against Info.Schema: all names are known, all types are right,
	// and no required value is missing or empty. Configure should not wait for a network, so that a
	// configuration can be checked while the service behind the authenticator is down.
	Configure func(config Config) (auth.Authenticator, auth.Diagnostics)
}

// Config is the configuration of an authenticator.
type Config struct {
	Values []byte // a JSON object
	Sealer Sealer // for Grant.Renewal
	// CallTimeout is the time limit of the gateway for a call (call_timeout in the auth block); 0:
	// unknown. A configured time limit for the service behind the authenticator should be shorter,
	// so that the log shows that the service did not answer.
	CallTimeout time.Duration
}

// Decode sets the struct that v points to, by its json tags. Fields without a value keep theirs, so
// the caller sets defaults before.
func (c Config) Decode(v any) auth.Diagnostics {
	if err := json.Unmarshal(c.Values, v); err != nil {
		return auth.Diagnostics{{Summary: "Unusable configuration", Detail: err.Error()}}
	}
	return nil
}

// Within returns limit, the value of an attribute, if it is shorter than CallTimeout. Otherwise it
// returns a mistake in the configuration or, if the operator has not set the attribute, a shorter
// limit.
func (c Config) Within(attribute string, limit time.Duration) (time.Duration, auth.Diagnostics) {
	if c.CallTimeout == 0 || limit < c.CallTimeout {
		return limit, nil
	}
	var set map[string]any
	if err := json.Unmarshal(c.Values, &set); err == nil && set[attribute] == nil {
		return c.CallTimeout - c.CallTimeout/10, nil
	}
	return limit, auth.Diagnostics{{
		Attribute: attribute, Summary: "Longer than the gateway waits",
		Detail: fmt.Sprintf("The gateway gives up a call after %s: give less than that, or set call_timeout in the auth block to more.", c.CallTimeout),
	}}
}

// configure checks the values against the schema and calls the author's Configure.
func (k Kind) configure(values, sealKey []byte, callTimeout time.Duration) (auth.Authenticator, auth.Diagnostics) {
	if diags := checkValues(k.Info.Schema, values); len(diags) > 0 {
		return nil, diags
	}
	sealer, err := NewSealer(sealKey)
	if err != nil {
		return nil, auth.Diagnostics{{Summary: "Unusable sealing key", Detail: err.Error()}}
	}
	authenticator, diags := k.Configure(Config{Values: values, Sealer: sealer, CallTimeout: callTimeout})
	if len(diags) > 0 {
		return nil, diags
	}
	if bug := k.disagrees(authenticator); bug != "" {
		return nil, auth.Diagnostics{{Summary: "Faulty authenticator", Detail: bug + ": this is a bug in " + k.Info.Name + "."}}
	}
	return authenticator, nil
}

// disagrees returns how an authenticator differs from what Info promises, or "". The gateway calls
// only what Info promises.
func (k Kind) disagrees(authenticator auth.Authenticator) string {
	_, revalidates := authenticator.(auth.Revalidator)
	_, releases := authenticator.(auth.Releaser)
	switch {
	case authenticator == nil:
		return "Configure returned neither an authenticator nor a diagnostic"
	case revalidates != k.Info.Revalidates:
		return fmt.Sprintf("Info.Revalidates is %t, and that it has the method Revalidate %t", k.Info.Revalidates, revalidates)
	case releases != k.Info.Releases:
		return fmt.Sprintf("Info.Releases is %t, and that it has the method Release %t", k.Info.Releases, releases)
	}
	return ""
}

// checkValues reports each value that does not match the schema.
func checkValues(schema auth.Schema, values []byte) auth.Diagnostics {
	var set map[string]any
	if err := json.Unmarshal(values, &set); err != nil {
		return auth.Diagnostics{{Summary: "Unusable configuration", Detail: "The values are no JSON object: " + err.Error()}}
	}
	var diags auth.Diagnostics
	for _, a := range schema {
		value, ok := set[a.Name]
		delete(set, a.Name)
		switch {
		case a.Required && (!ok || value == nil || value == ""):
			diags = append(diags, auth.Diagnostic{Attribute: a.Name, Summary: "Missing value", Detail: fmt.Sprintf("%s is required: %s.", a.Name, a.Doc)})
		case ok && value != nil && !hasType(value, a.Type):
			diags = append(diags, auth.Diagnostic{Attribute: a.Name, Summary: "Wrong type", Detail: fmt.Sprintf("%s must be a %s.", a.Name, a.Type)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		diags = append(diags, auth.Diagnostic{Attribute: name, Summary: "Unknown attribute", Detail: fmt.Sprintf("There is no attribute %q here.", name)})
	}
	return diags
}

func hasType(value any, want auth.AttributeType) bool {
	switch v := value.(type) {
	case string:
		return want == auth.TypeString
	case bool:
		return want == auth.TypeBool
	case float64:
		return want == auth.TypeNumber
	case []any:
		return want == auth.TypeStringList && !slices.ContainsFunc(v, isNoString)
	case map[string]any:
		return want == auth.TypeStringMap && !slices.ContainsFunc(slices.Collect(maps.Values(v)), isNoString)
	default:
		return false
	}
}

func isNoString(v any) bool {
	_, ok := v.(string)
	return !ok
}
