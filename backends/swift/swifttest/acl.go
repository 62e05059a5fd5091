package swifttest

import (
	"net/http"
	"slices"
	"strings"
)

// The headers of a container that let others in.
const (
	readACL  = "X-Container-Read"
	writeACL = "X-Container-Write"
)

// containerACLs are kept with the metadata, and shown to the owner.
var containerACLs = [...]string{readACL, writeACL}

// visitor is a login at an account, which may be another's.
type visitor struct {
	login   login
	account string
}

// owns reports whether the account is the login's own.
func (v visitor) owns() bool {
	return v.login.account != "" && !v.login.user.Plain && v.account == storageAccount(v.login.account)
}

// groups are what an ACL can name the login by.
func (v visitor) groups() []string {
	return []string{v.login.account, v.login.account + ":" + v.login.user.Name}
}

// authorize reports whether a request may be made: in one's own account any, elsewhere what the ACL
// of the container gives. Bulk deletions are asked about one by one, and a copy about its two ends.
func (s *Server) authorize(r *request) error {
	v := r.visitor()
	switch {
	case v.owns(), r.Method == http.MethodOptions, r.isBulkDelete(s.limits):
		return nil
	case r.container == "" || v.login.account == "":
		return refuse(http.StatusForbidden)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.mayRead(v, r.container, r.object == "")
	case methodCopy:
		return nil
	case http.MethodPut, http.MethodPost, http.MethodDelete:
		if r.object != "" {
			return s.mayWrite(v, r.container)
		}
	}
	return refuse(http.StatusForbidden)
}

// mayRead reports whether a visitor may read a container's objects, or list them. A container that
// is not there lets nobody in.
func (s *Server) mayRead(v visitor, containerName string, list bool) error {
	if v.owns() {
		return nil
	}
	names := s.acl(v.account, containerName, readACL)
	everybody := slices.Contains(names, ".r:*") && (!list || slices.Contains(names, ".rlistings"))
	if !everybody && !containsAny(names, v.groups()) {
		return refuse(http.StatusForbidden)
	}
	return nil
}

func (s *Server) mayWrite(v visitor, containerName string) error {
	if v.owns() || containsAny(s.acl(v.account, containerName, writeACL), v.groups()) {
		return nil
	}
	return refuse(http.StatusForbidden)
}

// acl returns the names in one of a container's ACLs.
func (s *Server) acl(account, containerName, header string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.container(account, containerName)
	if !ok {
		return nil
	}
	names := strings.Split(c.Meta[header], ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

func containsAny(all, wanted []string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(all, w) })
}
