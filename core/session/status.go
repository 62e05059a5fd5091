package session

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"filegate/core/vfs"
)

// Status is a snapshot of a session for operators.
type Status struct {
	ID        string
	User      string
	Service   string
	Program   string // name that the client program gives itself
	Remote    netip.AddrPort
	Auth      string // name of the authenticator
	Account   string // the storage URL
	Began     time.Time
	In, Out   int64 // bytes of files received from the client and sent to it
	Transfers []TransferStatus
}

// TransferStatus is a snapshot of an open file.
type TransferStatus struct {
	Op    Op // OpUpload or OpDownload
	Path  vfs.Path
	Bytes int64 // transferred so far
	Size  int64 // size of the whole file, if known; else 0
	Began time.Time
}

// Status returns a snapshot of the session, with the oldest transfer first.
func (s *Session) Status() Status {
	st := Status{
		ID: s.id, User: s.identity.User, Service: s.service, Program: s.Program(), Remote: s.remote,
		Auth: s.identity.Grant.Issuer, Account: s.identity.Grant.Endpoint, Began: s.began, In: s.in.Load(), Out: s.out.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, settled := range s.handles {
		if !settled {
			continue
		}
		switch h := h.(type) {
		case *file:
			st.Transfers = append(st.Transfers, TransferStatus{OpDownload, h.path, h.progress.own.Load(), h.under.Info().Size, h.start})
		case *writer:
			st.Transfers = append(st.Transfers, TransferStatus{OpUpload, h.name, h.progress.own.Load(), h.opts.Size, h.start})
		}
	}
	slices.SortFunc(st.Transfers, func(a, b TransferStatus) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Path, b.Path))
	})
	return st
}
