package listing

import "sync"

// PageSizes knows how long the pages of listings are that a store gives. Swift ends a page before
// its limit only where nothing is left. Other stores have a limit of their own below the one that
// was asked for (Ceph's RGW: 1,000), and do not tell it.
//
// So a page below its limit is known to be the last only where the same store has given a longer
// one: a limit of its own would have cut that one off too.
type PageSizes struct {
	mu      sync.Mutex
	longest map[PageKind]int
}

// PageKind is a kind of listing of one store. A store may have another limit for each.
type PageKind struct {
	store     string // scheme and host
	account   bool   // of containers
	delimiter bool
}

// maxPageKinds bounds how many kinds are known at a time. Storage URLs come with logins.
const maxPageKinds = 1000

// NewPageSizes returns what is known of no store yet.
func NewPageSizes() *PageSizes { return &PageSizes{longest: map[PageKind]int{}} }

// IsLast reports whether a page of n entries, which are fewer than were asked for, is known to be
// the last, and notes its length.
func (p *PageSizes) IsLast(kind PageKind, n int) bool {
	if n == 0 {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	longest := p.longest[kind]
	if n < longest {
		return true
	}
	if n > longest {
		if longest == 0 && len(p.longest) >= maxPageKinds {
			clear(p.longest)
		}
		p.longest[kind] = n
	}
	return false
}
