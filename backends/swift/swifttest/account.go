package swifttest

import (
	"net/http"
	"slices"
	"strconv"
)

// serveAccount handles requests to an account.
func (s *Server) serveAccount(w http.ResponseWriter, r *request) error {
	switch r.Method {
	case http.MethodHead, http.MethodGet:
		return s.listAccount(w, r)
	case http.MethodPost:
		return s.postAccount(w, r)
	case http.MethodPut, http.MethodDelete:
		return refuse(http.StatusForbidden) // only resellers may do that
	case http.MethodOptions:
		return options(w)
	}
	return notAllowed()
}

const allowed = "GET, PUT, HEAD, DELETE, OPTIONS, POST"

func notAllowed() *failure {
	f := refuse(http.StatusMethodNotAllowed)
	f.header.Set("Allow", allowed)
	return f
}

func options(w http.ResponseWriter) error {
	w.Header().Set("Allow", allowed)
	w.Header().Set("Content-Type", htmlType)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) listAccount(w http.ResponseWriter, r *request) error {
	sel, err := s.selection(r)
	if err != nil {
		return err
	}
	entries, known := s.accountListing(w.Header(), r, sel)
	if !known && r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return writeListing(w, r, entries)
}

// accountListing sets the headers of an account and returns its listing. An account is known once
// something has been stored in it.
func (s *Server) accountListing(h http.Header, r *request, sel selection) (entries []listingEntry, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[r.account]
	if !known {
		a = &account{Created: s.clock.now()}
	}
	for _, c := range a.containers.items {
		s.expire(r.account, c)
	}
	containers, objects, bytes := a.totals()
	h.Set("X-Account-Container-Count", strconv.Itoa(containers))
	h.Set("X-Account-Object-Count", strconv.Itoa(objects))
	h.Set("X-Account-Bytes-Used", strconv.FormatInt(bytes, 10))
	h.Set("X-Timestamp", a.Created.String())
	setAll(h, a.Meta)
	if known {
		h.Set("Accept-Ranges", "bytes")
	} else {
		h.Set("X-Put-Timestamp", a.Created.String())
	}
	if r.Method == http.MethodHead {
		return nil, known
	}
	visible := sorted[*container]{items: slices.DeleteFunc(slices.Clone(a.listed()), (*container).hidden)}
	for _, f := range visible.selectFrom(sel) {
		if f.subdir != "" {
			entries = append(entries, listingEntry{Subdir: f.subdir})
			continue
		}
		items, bytes := f.item.listed()
		count := int64(len(items.items))
		entries = append(entries, listingEntry{
			Name: f.item.Name, Count: &count, Bytes: &bytes, LastModified: f.item.Created.listed(),
		})
	}
	return entries, known
}

func (s *Server) postAccount(w http.ResponseWriter, r *request) error {
	if r.Header.Get(quotaOfAccount) != "" || r.Header.Get("X-Remove-Account-Meta-Quota-Bytes") != "" {
		return refuse(http.StatusForbidden) // only resellers may do that
	}
	if err := s.limits.checkMeta(r.Header, accountMeta); err != nil {
		return err
	}
	if err := s.changeAccount(r.account, func(meta map[string]string) map[string]string {
		return updateMeta(meta, r.Header, accountMeta)
	}); err != nil {
		return err
	}
	return done(w, http.StatusNoContent)
}

// changeAccount changes the metadata of an account. The function change returns a new map.
func (s *Server) changeAccount(name string, change func(map[string]string) map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.needAccount(name)
	if err != nil {
		return err
	}
	a.Meta = change(a.Meta)
	return s.store.putAccount(a)
}

// needAccount returns an account, and creates it if it does not exist. The caller must hold mu.
func (s *Server) needAccount(name string) (*account, error) {
	if a, ok := s.accounts[name]; ok {
		return a, nil
	}
	a := &account{Name: name, Created: s.clock.now()}
	if err := s.store.putAccount(a); err != nil {
		return nil, err
	}
	s.accounts[name] = a
	s.accountBehind(a)
	return a, nil
}
