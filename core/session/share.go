package session

import (
	"sync/atomic"

	"golang.org/x/time/rate"

	"filegate/core/vfs"
)

// Share is what some sessions together, such as all of one user, may take of the gateway. It is
// safe for concurrent use.
type Share struct {
	whose     string // in the text of a refusal: "this user"
	most      int64  // transfers at a time; 0: no limit
	transfers atomic.Int64
	up, down  *rate.Limiter // nil: no limit
}

// NewShare returns the share of whose sessions, as a refused client reads it ("this user"): how
// many files they may have open at a time, and how many bytes a second they may move each way. Zero
// is no limit.
func NewShare(whose string, transfers int, uploadRate, downloadRate int64) *Share {
	return &Share{whose: whose, most: int64(transfers), up: limiter(uploadRate), down: limiter(downloadRate)}
}

// begin counts a transfer in all of the shares, or in none and returns why not.
func begin(shares []*Share) error {
	for i, s := range shares {
		if n := s.transfers.Add(1); s.most > 0 && n > s.most {
			end(shares[:i+1])
			return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "too many transfers of " + s.whose + " at a time: try again when one has ended", Err: errTooMany}
		}
	}
	return nil
}

// end ends what begin began.
func end(shares []*Share) {
	for _, s := range shares {
		s.transfers.Add(-1)
	}
}
