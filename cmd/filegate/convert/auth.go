package convert

import (
	"fmt"
	"strings"
)

// authOptions are the options that decide how logins are checked.
var authOptions = []string{
	"auth-url", "insecure", "keystone-auth", "keystone-auth-version", "keystone-region-name", "keystone-tenant-separator",
	"keystone-domain-separator", "keystone-service-type", "keystone-endpoint-type", "rackspace-service-net", "service-net",
}

// auth writes an authenticator.
func auth(w *writer, b block) error {
	keystone := b.get("keystone-auth") != ""
	kind := "swiftv1"
	if keystone {
		kind = "keystone"
	}
	w.open(fmt.Sprintf("auth %q %q", kind, b.name))
	defer w.close()
	if yes, known := isYes(b.get("keystone-auth")); keystone && !(yes && known) {
		w.note("keystone-auth = %q in %s turned Keystone on: %s took every value as yes. If logins are for Swift auth 1.0, write auth %q instead, without the options of Keystone.",
			b.get("keystone-auth"), b.file, b.server.program(), "swiftv1")
	}
	w.open("config")
	defer w.close()
	w.set("auth_url", b.get("auth-url"))
	insecure(w, b.Old, true)
	for _, name := range []string{"rackspace-service-net", "service-net"} {
		if b.yes(w, name, false) {
			w.note("%s in %s has no equivalent. To use an internal address of the storage, set storage_url.", name, b.file)
		}
	}
	if keystone {
		return keystoneOptions(w, b)
	}
	for _, name := range authOptions {
		if strings.HasPrefix(name, "keystone-") && name != "keystone-auth" && b.get(name) != "" {
			w.note("%s in %s is left out: it is for Keystone, and keystone-auth is not set.", name, b.file)
		}
	}
	return nil
}

// insecure writes whether certificates are verified. The old servers took every value as yes. If
// explain is set, a comment explains what differs.
func insecure(w *writer, o *Old, explain bool) {
	value := o.get("insecure")
	if value == "" {
		return
	}
	yes, _ := isYes(value)
	if yes && explain {
		w.note("Passwords and files can be read by anybody who can redirect connections to the storage. Better set ca_file.")
	}
	if yes {
		w.set("insecure", true)
	} else if explain {
		w.note("insecure = %q in %s turned off the verification of certificates: %s took every value as yes. Filegate verifies them. If logins fail now because of the certificate, set ca_file in this block and in the backend.", value, o.file, o.server.program())
	}
}

func keystoneOptions(w *writer, b block) error {
	three := b.get("keystone-auth-version") == "3"
	if v := b.get("keystone-auth-version"); v != "" && v != "2.0" && !three {
		w.note("keystone-auth-version = %q in %s meant 2.0, as every value except \"3\" did.", v, b.file)
	}
	version := "2.0"
	if three {
		version = "3"
	}
	w.set("version", version)
	if v := b.get("keystone-region-name"); v != "" {
		w.set("region", v)
	}
	if v := b.get("keystone-service-type"); v != "" {
		w.set("service_type", v)
	}
	switch v := strings.TrimSuffix(b.get("keystone-endpoint-type"), "URL"); v {
	case "":
	case "public", "internal", "admin":
		w.set("interface", v)
	default:
		w.note("keystone-endpoint-type = %q in %s is none of publicURL, internalURL and adminURL. The default counts here, public.", b.get("keystone-endpoint-type"), b.file)
	}
	separators(w, b, three)
	return nil
}

// separators writes the separators of logins.
func separators(w *writer, b block, three bool) {
	w.note("A login PROJECT%[1]sUSER was split at the first %[1]q, even if that was part of a domain. Test such logins with: filegate login -c FILE -u USER %[2]s", orPreset(b.get("keystone-tenant-separator"), "."), b.name)
	for _, s := range []struct{ old, is string }{{"keystone-tenant-separator", "tenant_separator"}, {"keystone-domain-separator", "domain_separator"}} {
		switch v := b.get(s.old); {
		case v != "":
			w.set(s.is, v)
		case b.has(s.old):
			w.note("%s in %s is empty. The default counts here.", s.old, b.file)
		}
	}
	if three {
		w.note("Logins without a domain belong to the domain with the name default, as before. \"id=default\" would be the domain with that ID.")
		w.set("default_domain", "default")
	}
}

func orPreset(value, preset string) string {
	if value == "" {
		return preset
	}
	return value
}
