package swifttest

import (
	"net/http"
	"slices"
	"strings"
)

// The headers with the ACLs of a container.
const (
	readACL  = "X-Container-Read"
	writeACL = "X-Container-Write"
)

// containerACLs are stored with the metadata, and shown only to the owner.
var containerACLs = [...]string{readACL, writeACL}

// visitor is a login together with the account of the request, which may be another account.
type visitor struct {
	login   login
	account string
}

// owns reports whether the login owns the account.
func (v visitor) owns() bool {
	return v.login.account != "" && !v.login.user.Plain && v.account == storageAccount(v.login.account)
}

// groups returns the names by which an ACL can refer to the login.
func (v visitor) groups() []string {
	return []string{v.login.account, v.login.account + ":" + v.login.user.Name}
}

// authorize returns nil if a request is allowed. In the login's own account all requests are, in
// others those that the ACL of the container allows. The objects of a bulk delete and the two ends
// of a copy are checked later.
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

// mayRead returns nil if a visitor may read the objects of a container, or list them. It refuses a
// container that does not exist.
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
