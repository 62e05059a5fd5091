package session

import (
	"sync/atomic"

	"golang.org/x/time/rate"

	"filegate/core/vfs"
)

// Share is a limit that several sessions share, such as all sessions of one user. It is safe for
// concurrent use.
type Share struct {
	whose     string // in the text of a refusal: "this user"
	most      int64  // number of transfers at a time; 0: no limit
	transfers atomic.Int64
	up, down  *rate.Limiter // nil: no limit
}

// NewShare returns a share. transfers is how many files its sessions may have open at a time, and
// the rates are in bytes per second. 0 means no limit. whose names the sessions in the text for a
// refused client ("this user").
func NewShare(whose string, transfers int, uploadRate, downloadRate int64) *Share {
	return &Share{whose: whose, most: int64(transfers), up: limiter(uploadRate), down: limiter(downloadRate)}
}

// begin counts a transfer in all shares. If one is exhausted, it counts in none and returns an
// error.
func begin(shares []*Share) error {
	for i, s := range shares {
		if n := s.transfers.Add(1); s.most > 0 && n > s.most {
			end(shares[:i+1])
			return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "too many transfers of " + s.whose + " at a time: try again when one has ended", Err: errTooMany}
		}
	}
	return nil
}

// end undoes begin.
func end(shares []*Share) {
	for _, s := range shares {
		s.transfers.Add(-1)
	}
}
