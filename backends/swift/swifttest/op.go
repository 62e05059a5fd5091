package swifttest

import (
	"net/http"
	"strings"
)

// Op is a kind of request, for faults and the log.
type Op string

// The kinds of requests.
const (
	Login           Op = "login"       // by auth 1.0 or Keystone
	CheckToken      Op = "check token" // this and the next two: of Keystone
	RevokeToken     Op = "revoke token"
	ListProjects    Op = "list projects"
	Info            Op = "info"
	HeadAccount     Op = "head account"
	ListAccount     Op = "list account"
	PostAccount     Op = "post account"
	HeadContainer   Op = "head container"
	ListContainer   Op = "list container"
	PutContainer    Op = "put container"
	PostContainer   Op = "post container"
	DeleteContainer Op = "delete container"
	HeadObject      Op = "head object"
	GetObject       Op = "get object"
	PutObject       Op = "put object"
	PutManifest     Op = "put manifest" // of a static large object
	GetManifest     Op = "get manifest" // the manifest itself
	PostObject      Op = "post object"
	CopyObject      Op = "copy object" // by COPY or by X-Copy-From
	DeleteObject    Op = "delete object"
	DeleteManifest  Op = "delete manifest" // with its segments
	BulkDelete      Op = "bulk delete"
	Other           Op = "other"
)

// StorageOps returns all kinds of requests to the storage, for table tests.
func StorageOps() []Op {
	return []Op{
		HeadAccount, ListAccount, PostAccount,
		HeadContainer, ListContainer, PutContainer, PostContainer, DeleteContainer,
		HeadObject, GetObject, PutObject, PutManifest, GetManifest, PostObject, CopyObject, DeleteObject, DeleteManifest,
		BulkDelete,
	}
}

// OpOf returns the kind of a request, and its container and object.
func OpOf(r *http.Request) (op Op, container, object string) {
	p := r.URL.Path
	switch {
	case p == "/info":
		return Info, "", ""
	case strings.HasPrefix(p, "/v3/auth/tokens") && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return CheckToken, "", ""
	case strings.HasPrefix(p, "/v3/auth/tokens") && r.Method == http.MethodDelete:
		return RevokeToken, "", ""
	case strings.HasPrefix(p, "/v3/auth/projects"):
		return ListProjects, "", ""
	case strings.HasPrefix(p, "/auth/"), strings.HasPrefix(p, "/v3/auth/tokens"), strings.HasPrefix(p, "/v2.0/tokens"):
		return Login, "", ""
	}
	rest, ok := strings.CutPrefix(p, "/v1/")
	if !ok {
		return Other, "", ""
	}
	parts := append(strings.SplitN(rest, "/", 3), "", "")
	container, object = parts[1], parts[2]
	query := r.URL.Query()
	if query.Has("bulk-delete") && (r.Method == http.MethodPost || r.Method == http.MethodDelete) {
		return BulkDelete, container, object
	}
	switch {
	case object != "":
		op = objectOp(r.Method, query.Get("multipart-manifest"), r.Header.Get("X-Copy-From") != "")
	case container != "":
		op = containerOp(r.Method)
	default:
		op = accountOp(r.Method)
	}
	return op, container, object
}

func accountOp(method string) Op {
	switch method {
	case http.MethodHead:
		return HeadAccount
	case http.MethodGet:
		return ListAccount
	case http.MethodPost:
		return PostAccount
	}
	return Other
}

func containerOp(method string) Op {
	switch method {
	case http.MethodHead:
		return HeadContainer
	case http.MethodGet:
		return ListContainer
	case http.MethodPut:
		return PutContainer
	case http.MethodPost:
		return PostContainer
	case http.MethodDelete:
		return DeleteContainer
	}
	return Other
}

func objectOp(method, manifest string, copies bool) Op {
	switch method {
	case http.MethodHead:
		return HeadObject
	case http.MethodGet:
		if manifest == "get" {
			return GetManifest
		}
		return GetObject
	case http.MethodPut:
		if copies {
			return CopyObject
		}
		if manifest == "put" {
			return PutManifest
		}
		return PutObject
	case http.MethodPost:
		return PostObject
	case methodCopy:
		return CopyObject
	case http.MethodDelete:
		if manifest == "delete" {
			return DeleteManifest
		}
		return DeleteObject
	}
	return Other
}

const methodCopy = "COPY"
