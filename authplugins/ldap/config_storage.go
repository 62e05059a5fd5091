package ldap

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/keystone"
	"filegate/authplugins/swiftv1"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// readStorage returns the authenticator of the storage, or nil if there is none.
func (r *reader) readStorage(s *settings, given authplugin.Config) auth.Authenticator {
	if r.Storage == "" {
		for name, isSet := range map[string]bool{
			"storage_options": len(r.StorageOptions) > 0, "storage_login": r.StorageLogin != "", "storage_secret": r.StorageSecret != "",
			"storage_secret_attribute": r.SecretAttribute != "", "key": r.Key != "",
		} {
			if isSet {
				r.wrong(name, "No storage", `It has a meaning only with a storage: set storage to "keystone" or "swiftv1", or take it away.`)
			}
		}
		return nil
	}
	var err error
	s.storageLogin, err = parseTemplate(r.StorageLogin)
	r.check("storage_login", "Unusable login", err)
	if err == nil && s.storageLogin.isEmpty() {
		r.wrong("storage_login", "No login", `Say as whom users act in the storage, as "files.{user}" or "{swiftLogin}".`)
	}
	s.attributes = append(s.attributes, s.storageLogin.attributes()...)
	r.readSecret(s)
	kind := keystone.Kind()
	switch r.Storage {
	case userfile.Keystone:
	case userfile.SwiftV1:
		kind = swiftv1.Kind()
	default:
		r.wrong("storage", "Unknown storage", fmt.Sprintf(`There are "keystone" and "swiftv1"; %q is none of them.`, r.Storage))
		return nil
	}
	values, ok := r.storageValues(kind.Info.Schema)
	if !ok {
		return nil
	}
	storage, diags := kind.Configure(authplugin.Config{Values: values, Sealer: given.Sealer, CallTimeout: given.CallTimeout})
	for _, d := range diags {
		if d.Attribute != "" {
			d.Summary = d.Attribute + ": " + d.Summary
		}
		r.wrong("storage_options", d.Summary, d.Detail)
	}
	return storage
}

func (r *reader) readSecret(s *settings) {
	s.storageSecret, s.secretAttribute = r.StorageSecret, r.SecretAttribute
	switch {
	case (r.StorageSecret == "") == (r.SecretAttribute == ""):
		r.wrong("storage_secret", "Whose secret?", "Give either storage_secret, for all users, or storage_secret_attribute.")
	case r.SecretAttribute == "" && r.Key != "":
		r.wrong("key", "Nothing to open", "It opens the secrets in storage_secret_attribute, which is not set.")
	case r.SecretAttribute != "":
		r.checkAttribute("storage_secret_attribute", r.SecretAttribute)
		s.attributes = append(s.attributes, r.SecretAttribute)
		var err error
		s.key, err = userfile.ParseKey(r.Key)
		r.check("key", "Not a key", err)
	}
}

// storageValues returns the storage's options as JSON, converted to the types of its schema.
func (r *reader) storageValues(schema auth.Schema) ([]byte, bool) {
	values, before := map[string]any{}, len(r.diags)
	for _, name := range slices.Sorted(maps.Keys(r.StorageOptions)) {
		text := r.StorageOptions[name]
		i := slices.IndexFunc(schema, func(a auth.Attribute) bool { return a.Name == name })
		if i < 0 {
			r.wrong("storage_options", "Unknown option", fmt.Sprintf("%s has no option %q.", r.Storage, name))
			continue
		}
		var err error
		switch schema[i].Type {
		case auth.TypeBool:
			values[name], err = strconv.ParseBool(text)
		case auth.TypeNumber:
			values[name], err = strconv.ParseFloat(text, 64)
		default:
			values[name] = text
		}
		if err != nil {
			r.wrong("storage_options", name+": Wrong type", fmt.Sprintf("%q is no %s.", text, schema[i].Type))
		}
	}
	for _, a := range schema {
		if a.Required && r.StorageOptions[a.Name] == "" {
			r.wrong("storage_options", "Missing option", fmt.Sprintf("%s is required: %s.", a.Name, a.Doc))
		}
	}
	text, err := json.Marshal(values)
	r.check("storage_options", "Unusable options", err)
	return text, len(r.diags) == before
}
