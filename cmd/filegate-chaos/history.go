package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// deed is one operation on a shared file, as its client has seen it.
type deed struct {
	name         string
	write        bool
	value        int64 // of the content; 0: there is no file
	began, ended time.Time
	known        bool // the client was told that it was done
	by           string
}

// history is the deeds of all clients.
type history struct {
	mu    sync.Mutex
	deeds []deed
}

func (h *history) add(d deed) {
	d.ended = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deeds = append(h.deeds, d)
}

// judge returns a sentence for each read that returned a content which another one had certainly
// replaced before the read began.
func (h *history) judge() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	writes := map[string][]deed{}
	for _, d := range h.deeds {
		if d.write {
			writes[d.name] = append(writes[d.name], d)
		}
	}
	var wrong []string
	for _, d := range h.deeds {
		if d.write {
			continue
		}
		if why := stale(d, writes[d.name]); why != "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s read %d at %s, which is old: %s", d.name, d.by, d.value, clock(d.began), why))
		}
	}
	return wrong
}

// stale returns why a read returned an old content, or "" if it did not.
func stale(read deed, writes []deed) string {
	var why []string
	if read.value == 0 { // the state before the first write
		over := overtaken(deed{known: true}, read, writes)
		if over == "" {
			return ""
		}
		why = append(why, over)
	}
	found := read.value == 0
	for _, w := range writes {
		if w.value != read.value || w.began.After(read.ended) {
			continue
		}
		found = true
		over := overtaken(w, read, writes)
		if over == "" {
			return ""
		}
		why = append(why, over)
	}
	if !found {
		return "nobody has written it"
	}
	return strings.Join(why, "; ")
}

// overtaken describes a write that certainly came after w and before a read. A write whose result is
// unknown may happen at any time, so nothing certainly comes after it.
func overtaken(w, read deed, writes []deed) string {
	if !w.known {
		return ""
	}
	for _, x := range writes {
		if x.known && x.began.After(w.ended) && x.ended.Before(read.began) {
			return fmt.Sprintf("%d, written by %s from %s to %s, replaced what was written until %s", x.value, x.by, clock(x.began), clock(x.ended), clock(w.ended))
		}
	}
	return ""
}

func clock(t time.Time) string { return t.Format("15:04:05.000000") }
