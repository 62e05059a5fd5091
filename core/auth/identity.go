package auth

import (
	"strings"
	"time"
)

// Identity is who logged in and what that allows.
type Identity struct {
	User   string   // the canonical name, for the log and for listings
	Groups []string // the first is shown as the group in listings
	Home   string   // the directory that is "/" to the client; empty for the store's root
	// Permissions are what the client may do where no rule says otherwise. None at all means all of them.
	Permissions []Permission
	Rules       []Rule
	Limits      Limits
	// CacheFor is how long the gateway may answer the same login, with the same proof, without asking again. Zero: not at all.
	// It is counted in whole seconds.
	CacheFor time.Duration
	// Confirm makes the gateway ask Revalidate before it answers a login by itself within CacheFor: for an authenticator that can tell
	// at once, and at little cost, that a user is gone.
	Confirm bool
	// Message is shown to the client after the login where its protocol can do that. It is safe for the client, and may have several lines.
	Message string
	Grant   Grant
}

// Permission is one thing that a session may do.
type Permission string

// The permissions.
const (
	Read   Permission = "read"   // content of files
	List   Permission = "list"   // names and attributes
	Create Permission = "create" // make files and directories that are not there yet, and nothing else
	Write  Permission = "write"  // create, append, rename, set attributes: all that loses no content
	Delete Permission = "delete" // remove; with write: overwrite, truncate, and replace by a rename
)

// Permissions returns all that there are.
func Permissions() []Permission { return []Permission{Read, List, Create, Write, Delete} }

// Rule gives a part of the tree permissions of its own, in place of the identity's.
type Rule struct {
	// Path is a clean absolute path as the client sees it: below the home directory. It covers what it names and everything below:
	// "/in" covers "/in/x" and not "/inbox". Of several that cover a name the longest holds.
	Path string
	// Permissions are what the client may do there. Unlike an identity's, none at all means none.
	Permissions []Permission
}

// covers says whether the rule is about a clean absolute path.
func (r Rule) covers(path string) bool {
	below, ok := strings.CutPrefix(path, strings.TrimSuffix(r.Path, "/"))
	return ok && (below == "" || below[0] == '/')
}

// PermissionsAt returns what the client may do with what a clean absolute path names, as the client sees it.
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

// Limits bound what one login may take of the gateway. Zero is no limit.
type Limits struct {
	Sessions     int   // of this user at a time
	UploadRate   int64 // bytes per second, of one session
	DownloadRate int64 // likewise
	SessionBytes int64 // in both directions, over the life of one session
}
