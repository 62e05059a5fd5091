package listing

import "sync"

// PageSizes remembers the lengths of the pages that stores return. Swift returns a page below the
// requested limit only at the end of a listing. Other stores have a smaller limit of their own,
// which they do not report (Ceph's RGW: 1,000).
//
// So a page below the requested limit is known to be the last one only if the same store has
// returned a longer page before: its own limit would have cut that page too.
type PageSizes struct {
	mu      sync.Mutex
	longest map[PageKind]int
}

// PageKind is a kind of listing of one store. A store may have a different limit for each kind.
type PageKind struct {
	store     string // scheme and host
	account   bool   // a listing of containers
	delimiter bool
}

// maxPageKinds is how many kinds are remembered. Storage URLs come with logins, so their number is
// not limited.
const maxPageKinds = 1000

// NewPageSizes returns a PageSizes without any recorded page.
func NewPageSizes() *PageSizes { return &PageSizes{longest: map[PageKind]int{}} }

// IsLast reports whether a page of n entries, fewer than requested, is known to be the last one. It
// records the length.
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
