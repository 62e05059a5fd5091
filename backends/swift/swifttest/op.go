package swifttest

import (
	"net/http"
	"strings"
)

// Op is a kind of request, as faults and the log tell them apart.
type Op string

// The kinds of requests.
const (
	Login           Op = "login" // of either kind
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
	GetManifest     Op = "get manifest" // itself, not what it stands for
	PostObject      Op = "post object"
	CopyObject      Op = "copy object" // by COPY or by X-Copy-From
	DeleteObject    Op = "delete object"
	DeleteManifest  Op = "delete manifest" // with its segments
	BulkDelete      Op = "bulk delete"
	Other           Op = "other"
)

// StorageOps are all kinds of requests to the storage itself, for tables.
func StorageOps() []Op {
	return []Op{
		HeadAccount, ListAccount, PostAccount,
		HeadContainer, ListContainer, PutContainer, PostContainer, DeleteContainer,
		HeadObject, GetObject, PutObject, PutManifest, GetManifest, PostObject, CopyObject, DeleteObject, DeleteManifest,
		BulkDelete,
	}
}

// OpOf tells the kind of a request, and the container and object that it is for.
func OpOf(r *http.Request) (op Op, container, object string) {
	p := r.URL.Path
	switch {
	case p == "/info":
		return Info, "", ""
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
	kinds := map[string]Op{
		http.MethodHead:   HeadAccount,
		http.MethodGet:    ListAccount,
		http.MethodPost:   PostAccount,
		http.MethodPut:    Other,
		http.MethodDelete: Other,
	}
	if container != "" {
		kinds = map[string]Op{
			http.MethodHead:   HeadContainer,
			http.MethodGet:    ListContainer,
			http.MethodPut:    PutContainer,
			http.MethodPost:   PostContainer,
			http.MethodDelete: DeleteContainer,
		}
	}
	if object != "" {
		kinds = map[string]Op{
			http.MethodHead:   HeadObject,
			http.MethodGet:    GetObject,
			http.MethodPut:    PutObject,
			http.MethodPost:   PostObject,
			methodCopy:        CopyObject,
			http.MethodDelete: DeleteObject,
		}
		switch part := query.Get("multipart-manifest"); {
		case r.Method == http.MethodPut && r.Header.Get("X-Copy-From") != "":
			return CopyObject, container, object
		case r.Method == http.MethodPut && part == "put":
			return PutManifest, container, object
		case r.Method == http.MethodGet && part == "get":
			return GetManifest, container, object
		case r.Method == http.MethodDelete && part == "delete":
			return DeleteManifest, container, object
		}
	}
	if op, ok := kinds[r.Method]; ok {
		return op, container, object
	}
	return Other, container, object
}

const methodCopy = "COPY"
