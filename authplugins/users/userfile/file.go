package userfile

import (
	"crypto/x509"
	"hash/maphash"
	"slices"
	"time"

	"filegate/core/auth"
	"filegate/core/config"
)

// File is a parsed file without mistakes. It is immutable.
type File struct {
	users          map[string]*User
	storages       []*Storage
	authorities    []AuthorizedKey
	revoked        map[string]bool // fingerprints
	tlsAuthorities *x509.CertPool

	// Hashes of all users, one of which is checked for an unknown user; never empty.
	hashes []Hash
	seed   maphash.Seed
}

// User is a user of the file.
type User struct {
	Name      string
	Anonymous bool
	Disabled  bool
	Storage   *Storage // nil: none
	Login     string   // login name at the storage

	hash       *Hash // nil: no password is accepted
	keys       []AuthorizedKey
	principals []string
	tls        []tlsName
	networks   Networks
	services   []string
	identity   auth.Identity
	sealed     string
}

// Storage is an identity service and its options, at which users have credentials.
type Storage struct {
	Kind  string // "keystone" or "swiftv1"
	Name  string
	Place config.Block // the block in the file, for diagnostics
	// Options are the options of the authenticator of that kind, by its names: strings, and
	// booleans. Options that the file does not set are missing.
	Options map[string]any
}

// The kinds of storage.
const (
	Keystone = "keystone"
	SwiftV1  = "swiftv1"
)

// User returns the user with that name, or nil.
func (f *File) User(name string) *User { return f.users[name] }

// Storages returns the storages in the order of the file.
func (f *File) Storages() []*Storage { return slices.Clone(f.storages) }

// Len returns the number of users.
func (f *File) Len() int { return len(f.users) }

// CheckPassword returns the user and whether the password is correct. The user is nil for an
// unknown name. The check of an unknown name takes as long as that of a known one. Only the check
// of an anonymous user is shorter, because that user is no secret.
func (f *File) CheckPassword(name, password string) (u *User, ok bool) {
	u = f.users[name]
	switch {
	case u == nil, u.hash == nil && !u.Anonymous:
		f.decoy(name).Matches(password)
		return u, false
	case u.Anonymous:
		return u, true
	}
	return u, u.hash.Matches(password)
}

// decoy returns the hash that is checked for an unknown name.
func (f *File) decoy(name string) Hash {
	return f.hashes[maphash.String(f.seed, name)%uint64(len(f.hashes))]
}

// Hash returns the hash of the password as in the file, or "". It changes when the password
// changes.
func (u *User) Hash() string {
	if u.hash == nil {
		return ""
	}
	return u.hash.String()
}

// Identity returns the identity of a login of the user, without a grant.
func (u *User) Identity() auth.Identity {
	id := u.identity
	id.Groups = slices.Clone(id.Groups)
	id.Permissions = slices.Clone(id.Permissions)
	id.Rules = slices.Clone(id.Rules)
	return id
}

// Secret decrypts the secret of the user's credential at the storage.
func (u *User) Secret(key Key) (auth.Secret, error) {
	return key.Open(u.Name, u.Storage.Name, u.Login, u.sealed)
}

// Admits reports whether the user may log in by that service.
func (u *User) Admits(service string) bool {
	return len(u.services) == 0 || slices.Contains(u.services, service)
}

// Networks returns the networks that the user may log in from.
func (u *User) Networks() Networks { return u.networks }

// fileBlocks is the syntax of a file.
type fileBlocks struct {
	SSHAuthorities []string       `hcl:"ssh_authorities,optional"`
	TLSAuthorities string         `hcl:"tls_authorities,optional"`
	RevokedKeys    []string       `hcl:"revoked_keys,optional"`
	Storages       []storageBlock `hcl:"storage,block"`
	Users          []userBlock    `hcl:"user,block"`
}

// storageBlock has the options of the two kinds of storage.
type storageBlock struct {
	Kind          string        `hcl:"kind,label"`
	Name          string        `hcl:"name,label"`
	Place         config.Block  `hcl:",place"`
	AuthURL       string        `hcl:"auth_url"`
	CAFile        string        `hcl:"ca_file,optional"`
	Insecure      bool          `hcl:"insecure,optional"`
	Timeout       time.Duration `hcl:"timeout,optional"`
	StorageURL    string        `hcl:"storage_url,optional"`
	Version       string        `hcl:"version,optional"`
	Region        string        `hcl:"region,optional"`
	ServiceType   string        `hcl:"service_type,optional"`
	Interface     string        `hcl:"interface,optional"`
	DefaultDomain string        `hcl:"default_domain,optional"`
}

// userBlock is the block of a user.
type userBlock struct {
	Name            string       `hcl:"name,label"`
	Place           config.Block `hcl:",place"`
	Password        auth.Secret  `hcl:"password,optional"`
	Keys            []string     `hcl:"keys,optional"`
	Principals      []string     `hcl:"principals,optional"`
	TLSCertificates []string     `hcl:"tls_certificates,optional"`
	Anonymous       bool         `hcl:"anonymous,optional"`
	Disabled        bool         `hcl:"disabled,optional"`
	Networks        []string     `hcl:"networks,optional"`
	Services        []string     `hcl:"services,optional"`
	Groups          []string     `hcl:"groups,optional"`
	Home            string       `hcl:"home,optional"`
	Permissions     []string     `hcl:"permissions,optional"`
	Rules           []ruleBlock  `hcl:"rule,block"`
	Limits          limitsBlock  `hcl:"limits,block"`
	Message         string       `hcl:"message,optional"`
	Storage         string       `hcl:"storage,optional"`
	StorageLogin    string       `hcl:"storage_login,optional"`
	StorageSecret   auth.Secret  `hcl:"storage_secret,optional"`
}

type ruleBlock struct {
	Path        string       `hcl:"path,label"`
	Place       config.Block `hcl:",place"`
	Permissions []string     `hcl:"permissions"`
}

type limitsBlock struct {
	Sessions     int   `hcl:"sessions,optional"`
	UploadRate   int64 `hcl:"upload_rate,optional" unit:"bytes"`
	DownloadRate int64 `hcl:"download_rate,optional" unit:"bytes"`
	SessionBytes int64 `hcl:"session_bytes,optional" unit:"bytes"`
}
