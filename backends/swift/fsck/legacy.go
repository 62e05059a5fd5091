package fsck

import (
	"fmt"
	"strings"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// maxPlaces is how many places of parts are remembered, to find those of two manifests.
const maxPlaces = 200_000

// legacy reports what the layout of sftp-cloudfs has allowed to go wrong: other objects and old
// parts that have become content of a file, and two files with the same parts.
func (s *search) legacy(n api.Name, o api.Object, container api.Name, p *partsOf) error {
	if !p.legacy {
		return nil
	}
	if other, shared := s.noteParts(n, container.With(strings.TrimSuffix(p.prefix, "/"))); shared {
		err := s.found(vfs.Finding{
			Kind: "shared-parts", Name: min(key(n), other),
			Text: fmt.Sprintf("has the same parts as %s, /%s: changing or removing one of the two may damage the other. Copy one of them, and remove it", max(key(n), other), strings.TrimPrefix(o.DLO, "/")),
		})
		if err != nil {
			return err
		}
	}
	if p.strange > 0 && !strings.HasSuffix(p.prefix, "/") && s.old(p.newest) {
		err := s.found(vfs.Finding{
			Kind: "swallowed-objects", Name: key(n),
			Text: fmt.Sprintf("is read with the content of other objects at its end, because their names begin with %q, the prefix of its parts: %s. Rename those, or convert the file (-convert slo), which leaves them out", p.prefix, someOf(p.strangers, p.strange)),
		})
		if err != nil {
			return err
		}
	}
	if len(p.stale) > 0 && s.old(p.newest) {
		return s.found(vfs.Finding{
			Kind: "stale-tail", Name: key(n),
			Text: fmt.Sprintf("ends in parts that are older than the rest, probably of a longer file of the same name before it, the first of them %q. Look at the file, and remove these parts if they do not belong to it", p.stale[0]),
		})
	}
	return nil
}

// noteParts notes the place of a manifest's parts, and returns another manifest with the same place.
func (s *search) noteParts(n, place api.Name) (other string, shared bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	other, shared = s.parts[key(place)]
	if !shared && len(s.parts) < maxPlaces {
		s.parts[key(place)] = key(n)
	}
	return other, shared && other != key(n)
}
