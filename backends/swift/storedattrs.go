package swift

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// A gateway that stores or changes a file knows its attributes, so it caches them: the first listing
// after an upload, a copy or a rename makes no HEAD for the file. The answer contains no exact time,
// so these entries are found by name and ETag, and each is used only if the listed time agrees. A
// later change through any gateway replaces the entry. Not covered: if another program changes the
// metadata of the object in the same second, or stores the same content again, listings show the
// time that the gateway has set.

// storedAttrs are the attributes that the last change through a gateway gave to an object.
type storedAttrs struct {
	// From and To are the first and the last second at which Swift may have made the change, rounded
	// up to the second, in Unix time.
	From int64 `json:"f"`
	To   int64 `json:"e"`
	// Plain is true if the object is certainly not the manifest of a dynamic large object.
	Plain   bool      `json:"p,omitempty"`
	ModTime time.Time `json:"t"`
	api.Modes
}

// storedKey returns the key of an object's storedAttrs. account is the storage URL.
func storedKey(account string, n api.Name, hash string, modes bool) cache.Key {
	what := "swift stored attributes"
	if modes {
		what = "swift stored attributes with modes"
	}
	return cache.NewKey(what, account, n.Container, n.Object, hash)
}

// describes reports whether the attributes are those of a listed entry.
func (a storedAttrs) describes(s *listedEntry) bool {
	second := s.ModTime.Unix()
	if s.ModTime.Nanosecond() > 0 {
		second++
	}
	return a.From <= second && second <= a.To && (a.Plain || !s.mayBeManifest())
}

// keepStored caches the attributes that a successful request has given to an object.
func (f *FS) keepStored(ctx context.Context, req api.Request, target api.Name, resp *api.Response) {
	if !f.backend.cfg.showsTimes() || !target.IsObject() {
		return
	}
	a := storedAttrs{Plain: true}
	h := http.Header{}
	etag := strings.Trim(resp.Header.Get("Etag"), `"`)
	switch req.Method {
	case http.MethodPut, http.MethodPost:
		for k, v := range req.Header {
			h.Set(k, v)
		}
		if h.Get("X-Object-Manifest") != "" || h.Get(api.SymlinkTargetHeader) != "" {
			return
		}
	case api.MethodCopy:
		// The answer has the metadata of the copy, but does not say what is a manifest.
		h, a.Plain = resp.Header, false
	default:
		return
	}
	if req.Method == http.MethodPost {
		etag = req.ETag
		at, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			return
		}
		a.From, a.To = at.Unix(), at.Unix()+1
	} else {
		at, err := http.ParseTime(resp.Header.Get("Last-Modified"))
		if err != nil {
			return
		}
		a.From, a.To = at.Unix(), at.Unix()
	}
	var err error
	if a.ModTime, err = api.ParseSeconds(h.Get(api.MetaMtime)); err != nil || etag == "" {
		return
	}
	a.Modes = f.client.ModesOf(h)
	account, err := f.accountURL(ctx, target)
	if err != nil {
		return
	}
	text, err := json.Marshal(a)
	if err != nil { // JSON cannot represent the time
		return
	}
	f.backend.stored.Set(context.WithoutCancel(ctx), storedKey(account, target, etag, f.backend.cfg.KeepModes), text, attrsLife)
}

// fillStored fills in the attributes of entries that are not known from what gateways have stored.
func (f *FS) fillStored(ctx context.Context, account string, dir api.Name, entries []*listedEntry, known []*attrs) {
	var keys []cache.Key
	var places []int
	for i, s := range entries {
		if known[i] == nil {
			keys = append(keys, storedKey(account, s.in(dir), cmp.Or(s.marker, s.Version), f.backend.cfg.KeepModes))
			places = append(places, i)
		}
	}
	for j, text := range cache.GetBatch(ctx, f.backend.stored, keys) {
		var a storedAttrs
		if s := entries[places[j]]; text != nil && json.Unmarshal(text, &a) == nil && a.describes(s) {
			known[places[j]] = &attrs{Size: s.Size, ModTime: a.ModTime, Version: s.Version, Modes: a.Modes}
		}
	}
}
