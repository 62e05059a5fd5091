package object

import (
	"context"
	"net/http"
	"regexp"

	"filegate/backends/swift/api"
)

// legacySegments matches the places where sftp-cloudfs puts the segments of FILE: beside it, in
// "FILE.part" or "FILE_01.part".
var legacySegments = regexp.MustCompile(`^(.+?)(?:_\d\d)?\.part/?$`)

// ownsLegacy reports whether the segments of a dynamic large object belong to it although they have
// the name of another file, as after a rename. They belong to the object unless a file of that name
// uses them too.
func (lo *Large) ownsLegacy(ctx context.Context, n api.Name, o api.Object) (bool, error) {
	container, prefix := o.DLOPrefix(n)
	match := legacySegments.FindStringSubmatch(prefix)
	if container.Container != n.Container || match == nil {
		return false, nil
	}
	if match[1] == n.Object {
		return false, nil // the usual case: isHiddenSegment decides by the names
	}
	other, err := lo.client.Head(ctx, n.With(match[1]))
	if api.StatusOf(err) == http.StatusNotFound {
		return true, nil
	}
	return err == nil && other.DLO != o.DLO, err
}
