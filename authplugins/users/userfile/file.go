package userfile

import (
	"crypto/x509"
	"hash/maphash"
	"slices"
	"time"

	"filegate/core/auth"
	"filegate/core/config"
)

// File is a file that has been read and found good. It does not change.
type File struct {
	users          map[string]*User
	storages       []*Storage
	authorities    []AuthorizedKey
	revoked        map[string]bool // fingerprints
	tlsAuthorities *x509.CertPool

	hashes []Hash // of all users, for the work that an unknown one costs; never empty
	seed   maphash.Seed
}

// User is one of the users.
type User struct {
	Name      string
	Anonymous bool
	Disabled  bool
	Storage   *Storage // nil: none
	Login     string   // at the storage

	hash       *Hash // nil: no password opens
	keys       []AuthorizedKey
	principals []string
	tls        []tlsName
	networks   Networks
	services   []string
	identity   auth.Identity
	sealed     string
}

// Storage is where users act: an identity service and its options.
type Storage struct {
	Kind  string // "keystone" or "swiftv1"
	Name  string
	Place config.Block // for what turns out to be wrong with it
	// Options are the authenticator's of that kind, by its own names: strings, and booleans. Only
	// what the file gives is in there.
	Options map[string]any
}

// The kinds of storage.
const (
	Keystone = "keystone"
	SwiftV1  = "swiftv1"
)

// User returns the user of that name, nil if there is none.
func (f *File) User(name string) *User { return f.users[name] }

// Storages returns all that the file has, in its order.
func (f *File) Storages() []*Storage { return slices.Clone(f.storages) }

// Len is how many users there are.
func (f *File) Len() int { return len(f.users) }

// CheckPassword returns the user and whether the password is hers; nil for a name that is not in
// the file. It takes the same work in every case but that of an anonymous user, which is no secret.
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

// decoy is the hash of the file whose work an unknown name costs.
func (f *File) decoy(name string) Hash {
	return f.hashes[maphash.String(f.seed, name)%uint64(len(f.hashes))]
}

// Hash is the password's hash as it stands in the file, empty if there is none: while it stays the
// same, so does the password.
func (u *User) Hash() string {
	if u.hash == nil {
		return ""
	}
	return u.hash.String()
}

// Identity is what a login of the user allows, without a grant.
func (u *User) Identity() auth.Identity {
	id := u.identity
	id.Groups = slices.Clone(id.Groups)
	id.Permissions = slices.Clone(id.Permissions)
	id.Rules = slices.Clone(id.Rules)
	return id
}

// Secret opens the secret of the user's credential at the storage.
func (u *User) Secret(key Key) (auth.Secret, error) {
	return key.Open(u.Name, u.Storage.Name, u.Login, u.sealed)
}

// Admits returns whether the user may come in by that service.
func (u *User) Admits(service string) bool {
	return len(u.services) == 0 || slices.Contains(u.services, service)
}

// Networks are where the user may come from.
func (u *User) Networks() Networks { return u.networks }

// fileBlocks is what stands in a file.
type fileBlocks struct {
	SSHAuthorities []string       `hcl:"ssh_authorities,optional"`
	TLSAuthorities string         `hcl:"tls_authorities,optional"`
	RevokedKeys    []string       `hcl:"revoked_keys,optional"`
	Storages       []storageBlock `hcl:"storage,block"`
	Users          []userBlock    `hcl:"user,block"`
}

// storageBlock has the options of the two authenticators that a user can act through.
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

// userBlock is one user, as it stands in a file.
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
