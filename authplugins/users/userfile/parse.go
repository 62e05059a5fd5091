package userfile

import (
	"crypto/x509"
	"errors"
	"fmt"
	"hash/maphash"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"unicode"

	"filegate/core/auth"
	"filegate/core/config"
)

// maxFile is the size limit of a file, in bytes: some hundred thousand users.
const maxFile = 64 << 20

// Load reads and parses a file; see [Parse].
func Load(filename string, key Key) (*File, error) {
	info, err := os.Stat(filename)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxFile) {
		err = errors.New("it is no regular file, or too large")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(filename)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the users: %w", err)
	}
	return Parse(text, filename, key)
}

// Parse parses the text of a file. With a key, every sealed secret must be readable with that key;
// the zero key skips this check. The error is of type [config.Diagnostics], and has all mistakes.
func Parse(text []byte, filename string, key Key) (*File, error) {
	p := &parser{file: &File{users: map[string]*User{}, revoked: map[string]bool{}, seed: maphash.MakeSeed()}, key: key}
	whole, err := config.ParseFile(text, filename, &p.in)
	p.undecoded, _ = errors.AsType[config.Diagnostics](err)
	p.whole = whole
	p.top()
	for _, b := range p.in.Storages {
		p.storage(b)
	}
	for _, b := range p.in.Users {
		p.user(b)
	}
	if diags := append(p.undecoded, p.diags...); len(diags) > 0 {
		return nil, diags
	}
	if len(p.file.hashes) == 0 {
		p.file.hashes = []Hash{decoy()}
	}
	return p.file, nil
}

// parser builds a File from the decoded blocks, and collects mistakes.
type parser struct {
	in    fileBlocks
	whole config.Block
	file  *File
	key   Key

	// Mistakes of attributes that could not be decoded. They are empty or missing in the struct.
	undecoded config.Diagnostics
	diags     config.Diagnostics
}

// report records a mistake, unless it follows from an attribute that could not be decoded.
func (p *parser) report(at config.Block, attribute, summary, format string, args ...any) {
	if diag := at.Diagnose(attribute, summary, fmt.Sprintf(format, args...)); attribute == "" || !p.undecoded.Cover(diag) {
		p.diags = append(p.diags, diag)
	}
}

// element returns the name of one element of a list, for Diagnose.
func element(attribute string, i int) string { return fmt.Sprintf("%s.%d", attribute, i) }

// sentence returns the text of an error as a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func (p *parser) top() {
	for i, line := range p.in.SSHAuthorities {
		k, err := ParseAuthorizedKey(line)
		switch {
		case err != nil:
			p.report(p.whole, element("ssh_authorities", i), "Unusable key", "%s", sentence(err))
		case k.from != nil || k.authority || !k.expires.IsZero():
			p.report(p.whole, element("ssh_authorities", i), "Options of an authority", "Options have no meaning here: give the key alone.")
		default:
			p.file.authorities = append(p.file.authorities, k)
		}
	}
	for i, fingerprint := range p.in.RevokedKeys {
		if digest, ok := strings.CutPrefix(fingerprint, "SHA256:"); !ok || len(digest) != 43 {
			p.report(p.whole, element("revoked_keys", i), "Not a fingerprint", "Give the one that ssh-keygen -l -f FILE prints: SHA256: and 43 signs.")
		}
		p.file.revoked[fingerprint] = true
	}
	// An empty pool trusts no authority; nil would trust those of the system.
	p.file.tlsAuthorities = x509.NewCertPool()
	if name := p.in.TLSAuthorities; name != "" {
		pem, err := os.ReadFile(name)
		switch {
		case err != nil:
			p.report(p.whole, "tls_authorities", "Unreadable file", "%s.", err)
		case !p.file.tlsAuthorities.AppendCertsFromPEM(pem):
			p.report(p.whole, "tls_authorities", "No certificate", "The file %s has no certificate in PEM form.", name)
		}
	}
}

func (p *parser) storage(b storageBlock) {
	if p.findStorage(b.Name) != nil {
		p.report(b.Place, "", fmt.Sprintf("Storage %q is defined twice", b.Name), "Give one of the two another name.")
		return
	}
	s := &Storage{Kind: b.Kind, Name: b.Name, Place: b.Place, Options: map[string]any{}}
	p.file.storages = append(p.file.storages, s)
	strings := []struct {
		name, value  string
		keystoneOnly bool
	}{
		{"auth_url", b.AuthURL, false},
		{"ca_file", b.CAFile, false},
		{"storage_url", b.StorageURL, false},
		{"version", b.Version, true},
		{"region", b.Region, true},
		{"service_type", b.ServiceType, true},
		{"interface", b.Interface, true},
		{"default_domain", b.DefaultDomain, true},
	}
	if b.Kind != Keystone && b.Kind != SwiftV1 {
		p.report(b.Place, "", fmt.Sprintf("Unknown kind of storage: %q", b.Kind), "Write storage %q %q, or storage %q %q.", Keystone, b.Name, SwiftV1, b.Name)
	}
	for _, o := range strings {
		switch {
		case o.value == "":
		case o.keystoneOnly && b.Kind == SwiftV1:
			p.report(b.Place, o.name, "Not an option of swiftv1", "Only storages of the kind %q have it: remove it.", Keystone)
		default:
			s.Options[o.name] = o.value
		}
	}
	for _, name := range []string{"auth_url", "storage_url"} {
		text, ok := s.Options[name].(string)
		if !ok && name == "storage_url" {
			continue
		}
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			p.report(b.Place, name, "Not a URL", "Write one like https://cloud.example.net/…, with http or https, and without a user.")
		}
	}
	if b.CAFile != "" {
		if pem, err := os.ReadFile(b.CAFile); err != nil {
			p.report(b.Place, "ca_file", "Unreadable file", "%s.", err)
		} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			p.report(b.Place, "ca_file", "No certificate", "The file %s has no certificate in PEM form.", b.CAFile)
		}
	}
	if b.Insecure {
		s.Options["insecure"] = true
	}
	if b.Timeout > 0 {
		s.Options["timeout"] = b.Timeout.String()
	}
}

func (p *parser) findStorage(name string) *Storage {
	for _, s := range p.file.storages {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (p *parser) user(b userBlock) {
	u := &User{Name: b.Name, Anonymous: b.Anonymous, Disabled: b.Disabled, services: b.Services, principals: b.Principals}
	if err := CheckName(b.Name); err != nil {
		p.report(b.Place, "", "Bad name", "%s", sentence(err))
	}
	if p.file.users[b.Name] != nil {
		p.report(b.Place, "", fmt.Sprintf("User %q is defined twice", b.Name), "Remove one of the two.")
	}
	p.file.users[b.Name] = u
	p.proofs(u, b)
	p.rights(u, b)
	p.credential(u, b)
}

// CheckName returns the reason why a name is not allowed for a user, or nil.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("a user must have a name")
	case len(name) > 255:
		return errors.New("a name has at most 255 bytes")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("a name has no control characters")
	}
	return nil
}

// proofs sets how the user logs in.
func (p *parser) proofs(u *User, b userBlock) {
	if b.Password != "" {
		hash, err := ParseHash(b.Password.Reveal())
		if err != nil {
			p.report(b.Place, "password", "Not a password hash", "%s", sentence(err))
		} else {
			u.hash = &hash
			p.file.hashes = append(p.file.hashes, hash)
		}
	}
	for i, line := range b.Keys {
		k, err := ParseAuthorizedKey(line)
		if err != nil {
			p.report(b.Place, element("keys", i), "Unusable key", "%s", sentence(err))
			continue
		}
		u.keys = append(u.keys, k)
	}
	if len(u.principals) == 0 {
		u.principals = []string{u.Name}
	}
	if slices.Contains(u.principals, "") {
		p.report(b.Place, "principals", "Empty principal", "Remove it.")
	}
	for i, text := range b.TLSCertificates {
		name, err := parseTLSName(text)
		switch {
		case err != nil:
			p.report(b.Place, element("tls_certificates", i), "Unusable certificate", "%s", sentence(err))
		case name.subject != "" && p.in.TLSAuthorities == "":
			p.report(b.Place, element("tls_certificates", i), "Subject without an authority", "Anybody can make a certificate with that subject: give tls_authorities at the top of the file, or a fingerprint here.")
		}
		u.tls = append(u.tls, name)
	}
	if b.Anonymous && (b.Password != "" || len(b.Keys) > 0 || len(b.TLSCertificates) > 0) {
		p.report(b.Place, "anonymous", "Anonymous with a proof", "An anonymous user needs no password, key or certificate: remove those, or anonymous.")
	}
}

// rights sets what the user may do, and where the user may log in from.
func (p *parser) rights(u *User, b userBlock) {
	var err error
	if u.networks, err = ParseNetworks(b.Networks); err != nil {
		p.report(b.Place, "networks", "Not a network", "%s", sentence(err))
	}
	for i, service := range b.Services {
		if service != "ssh" && service != "ftp" {
			p.report(b.Place, element("services", i), fmt.Sprintf("Unknown service %q", service), `There are "ssh" and "ftp".`)
		}
	}
	if b.Home != "" && !isClean(b.Home) {
		p.report(b.Place, "home", "Not a directory's name", "Give the whole name, from / on, without . and .. and a / at the end.")
	}
	id := auth.Identity{User: u.Name, Groups: b.Groups, Home: b.Home, Message: b.Message, Permissions: p.permissions(b.Place, b.Permissions)}
	if u.Anonymous && len(id.Permissions) == 0 {
		id.Permissions = []auth.Permission{auth.Read, auth.List}
	}
	for _, r := range b.Rules {
		if !isClean(r.Path) {
			p.report(r.Place, "", "Not a directory's name", "A rule is for a whole name as the user sees it, from / on, without . and .. and a / at the end.")
		}
		if slices.ContainsFunc(id.Rules, func(other auth.Rule) bool { return other.Path == r.Path }) {
			p.report(r.Place, "", "Two rules for "+r.Path, "Remove one of the two.")
		}
		id.Rules = append(id.Rules, auth.Rule{Path: r.Path, Permissions: p.permissions(r.Place, r.Permissions)})
	}
	if b.Limits.Sessions < 0 {
		p.report(b.Place, "limits.sessions", "Negative limit", "Give how many at a time, or leave it out for no limit.")
	}
	id.Limits = auth.Limits(b.Limits)
	u.identity = id
}

func isClean(name string) bool {
	return path.IsAbs(name) && path.Clean(name) == name && !strings.ContainsFunc(name, unicode.IsControl)
}

func (p *parser) permissions(at config.Block, names []string) []auth.Permission {
	var all []auth.Permission
	for i, name := range names {
		if !slices.Contains(auth.Permissions(), auth.Permission(name)) {
			p.report(at, element("permissions", i), fmt.Sprintf("Unknown permission %q", name), `There are "read", "list", "create", "write" and "delete".`)
		}
		all = append(all, auth.Permission(name))
	}
	return all
}

// credential sets the user's credential at a storage.
func (p *parser) credential(u *User, b userBlock) {
	u.Login, u.sealed = b.StorageLogin, b.StorageSecret.Reveal()
	if b.Storage == "" {
		if b.StorageLogin != "" || b.StorageSecret != "" {
			p.report(b.Place, "storage_login", "storage_login or storage_secret without storage", "Set storage to the name of the storage that they are for.")
		}
		return
	}
	if u.Storage = p.findStorage(b.Storage); u.Storage == nil {
		p.report(b.Place, "storage", fmt.Sprintf("No storage is named %q", b.Storage), "Put a storage block of that name into the file, or give the name of another.")
		return
	}
	if b.StorageLogin == "" {
		p.report(b.Place, "storage", "Missing attribute storage_login", "Set storage_login = … to the login of the user at the storage.")
	}
	if !isSealed(u.sealed) {
		p.report(b.Place, "storage_secret", "The storage's secret is not sealed", "Let filegate users credential write it.")
		return
	}
	if p.key.IsZero() {
		return
	}
	if _, err := u.Secret(p.key); err != nil {
		p.report(b.Place, "storage_secret", "storage_secret cannot be decrypted", "%s Run filegate users credential again, or set key to the key with which the secret was encrypted.", sentence(err))
	}
}
