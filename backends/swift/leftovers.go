package swift

import (
	"fmt"
	"strings"
	"sync"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

const (
	// maxBehind is how many entries a directory's rename leaves behind before it gives up.
	maxBehind = 1000
	// maxUnavailable is how many of them may be those that the store has failed to move: it is down
	// then.
	maxUnavailable = movesAtOnce
	// maxNamedBehind is how many of them the error names.
	maxNamedBehind = 3
	// maxKeptBehind bounds the bytes of the names of what they need.
	maxKeptBehind = 64 * mib
)

// leftovers are the entries that a rename of a directory cannot move, and the segments that they
// need. They stay at the old name.
type leftovers struct {
	mu          sync.Mutex
	failed      map[string]bool // by the names of objects
	needed      map[string]bool
	neededBytes int
	prefixes    []string // of segments of dynamic large objects
	unavailable int
	kind        error
	told        []string // the first few, each with what is wrong
}

// leave notes that an entry stays where it is, because of an error that is its own. It returns an
// error that is not: of the session or the store, or one too many.
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

// need notes the segments of an entry that stays, which are to stay with it.
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

// stays reports whether an object below the directory is not to be moved.
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

// err says what was not moved.
func (b *leftovers) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.report(false)
}

// report is err, also for a rename that was stopped because of them. It is called with mu held.
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
