package auth

import (
	"strings"
	"time"
)

// Identity is a logged-in user and what the user may do.
type Identity struct {
	User   string   // canonical name, for the log and for listings
	Groups []string // listings show the first one
	Home   string   // directory that the client sees as "/"; empty: the root of the store
	// Permissions are the client's permissions where no rule applies. An empty list means all
	// permissions.
	Permissions []Permission
	Rules       []Rule
	Limits      Limits
	// CacheFor is how long the gateway may answer the same login, with the same proof, without
	// asking again, in whole seconds. Zero: it must ask.
	CacheFor time.Duration
	// Confirm makes the gateway call Revalidate before it answers a login from its cache. It is for
	// authenticators that can tell quickly and cheaply that a user is gone.
	Confirm bool
	// Message is shown to the client after the login, if the protocol allows it. It must be safe
	// for the client, and may have several lines.
	Message string
	Grant   Grant
}

// Permission is a permission of a session.
type Permission string

// The permissions.
const (
	Read   Permission = "read"   // read files
	List   Permission = "list"   // see names and attributes
	Create Permission = "create" // create new files and directories only
	Write  Permission = "write"  // create, append, rename, set attributes: everything that loses no content
	Delete Permission = "delete" // remove; with write: overwrite, truncate, and replace by a rename
)

// Permissions returns all permissions.
func Permissions() []Permission { return []Permission{Read, List, Create, Write, Delete} }

// Rule gives a part of the tree its own permissions, which replace those of the identity.
type Rule struct {
	// Path is a clean absolute path as the client sees it, relative to the home directory. The rule
	// applies to this name and to everything below: "/in" covers "/in/x" and not "/inbox". If
	// several rules cover a name, the one with the longest path applies.
	Path string
	// Permissions are the client's permissions there. Unlike in Identity, an empty list means none.
	Permissions []Permission
}

// covers reports whether the rule applies to a clean absolute path.
func (r Rule) covers(path string) bool {
	below, ok := strings.CutPrefix(path, strings.TrimSuffix(r.Path, "/"))
	return ok && (below == "" || below[0] == '/')
}

// PermissionsAt returns the client's permissions for a clean absolute path, as the client sees it.
func (id Identity) PermissionsAt(path string) []Permission {
	best := Rule{Permissions: id.Permissions}
	if len(id.Permissions) == 0 {
		best.Permissions = Permissions()
	}
	for _, r := range id.Rules {
		if r.covers(path) && len(r.Path) > len(best.Path) {
			best = r
		}
	}
	return best.Permissions
}

// Limits are the limits of one login. Zero means no limit.
type Limits struct {
	Sessions     int   // of this user at the same time
	UploadRate   int64 // bytes per second in one session
	DownloadRate int64 // bytes per second in one session
	SessionBytes int64 // in both directions together, in the whole life of a session
}
