package swift

import (
	"fmt"
	"strings"
	"sync"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

const (
	// maxBehind is the number of entries that cannot be moved at which the rename of a directory
	// stops.
	maxBehind = 1000
	// maxUnavailable is the number of entries that the store has failed to move at which the rename
	// stops: the store is probably down.
	maxUnavailable = movesAtOnce
	// maxNamedBehind is the number of these entries that the error names.
	maxNamedBehind = 3
	// maxKeptBehind is the limit on the total length of the names of needed segments, in bytes.
	maxKeptBehind = 64 * mib
)

// leftovers are the entries that a rename of a directory cannot move, and the segments that they
// need. They stay at the old name.
type leftovers struct {
	mu          sync.Mutex
	failed      map[string]bool // by name of the object
	needed      map[string]bool
	neededBytes int
	prefixes    []string // name prefixes of segments of dynamic large objects
	unavailable int
	kind        error
	told        []string // the first few entries, each with its error
}

// leave notes that an entry stays at its old name, because of an error of that entry. It returns an
// error that must stop the rename: one of the session or the store, or the last of too many.
func (b *leftovers) leave(n api.Name, err error) error {
	kind := vfs.Kind(err)
	if err == nil || kind == nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = map[string]bool{}
	}
	b.failed[n.Object] = true
	if kind == vfs.ErrUnavailable {
		b.unavailable++
	}
	if b.kind == nil {
		b.kind = kind
	}
	if len(b.told) < maxNamedBehind {
		b.told = append(b.told, fmt.Sprintf("%q: %s", n.InAccount(), vfs.ClientText(err)))
	}
	if len(b.failed) >= maxBehind || b.unavailable >= maxUnavailable {
		return b.report(true)
	}
	return nil
}

// need notes the segments of an entry that stays; they must stay too.
func (b *leftovers) need(segments []api.Name, prefix string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if prefix != "" {
		b.prefixes = append(b.prefixes, prefix)
	}
	if b.needed == nil {
		b.needed = map[string]bool{}
	}
	for _, seg := range segments {
		if !b.needed[seg.Object] {
			b.needed[seg.Object] = true
			b.neededBytes += len(seg.Object)
		}
	}
	if b.neededBytes > maxKeptBehind {
		return b.report(true)
	}
	return nil
}

// stays reports whether an object below the directory must not be moved.
func (b *leftovers) stays(object string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed[object] || b.needed[object] {
		return true
	}
	for _, p := range b.prefixes {
		if strings.HasPrefix(object, p) {
			return true
		}
	}
	return false
}

func (b *leftovers) any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.failed) > 0
}

// err returns the error that says which entries were not moved.
func (b *leftovers) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.report(false)
}

// report is err; stopped means that the rename was stopped. It is called with mu held.
func (b *leftovers) report(stopped bool) error {
	entries, rest := "1 entry was", "the others were"
	if n := len(b.failed); n > 1 {
		entries = fmt.Sprintf("%d entries were", n)
	}
	if stopped {
		rest = "so the rename was stopped"
	}
	more := ""
	if n := len(b.failed) - len(b.told); n > 0 {
		more = fmt.Sprintf("; and %d more", n)
	}
	return vfs.Errorf(b.kind, "%s not moved, %s: %s%s. Repair or remove what is named and repeat the rename, which goes on with what is left",
		entries, rest, strings.Join(b.told, "; "), more)
}
