package api

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// versionHeader contains the version of the object in an answer. All answers about objects in a
// container that keeps versions, or once did, have it.
const versionHeader = "X-Object-Version-Id"

// NullVersion is the version ID of an object that was stored when its container kept no versions.
const NullVersion = "null"

// Versioning is the way in which a container keeps versions.
type Versioning struct {
	Enabled bool   // with version IDs; stays true after they are turned off, because the kept versions stay
	Archive string // the container with old versions, in the older ways
}

// VersioningOf parses the headers of a container.
func VersioningOf(container http.Header) Versioning {
	v := Versioning{Enabled: container.Get("X-Versions-Enabled") != ""}
	for _, key := range []string{"X-History-Location", "X-Versions-Location"} {
		if location := container.Get(key); location != "" {
			v.Archive, _, _ = strings.Cut(unquote(location), "/")
		}
	}
	return v
}

// Keeps reports whether the container has versions.
func (v Versioning) Keeps() bool { return v.Enabled || v.Archive != "" }

// Versioning returns the way in which a container keeps versions. A missing container keeps none.
// The error is not translated.
func (c *Client) Versioning(ctx context.Context, container Name) (Versioning, error) {
	resp, err := c.Send(ctx, Request{Method: http.MethodHead, Target: container})
	switch {
	case StatusOf(err) == http.StatusNotFound:
		return Versioning{}, nil
	case err != nil:
		return Versioning{}, err
	}
	return VersioningOf(resp.Header), nil
}

// IsVersion reports whether the object is one of several versions, according to its headers.
func (o Object) IsVersion() bool { return o.VersionID != "" && o.VersionID != NullVersion }

// DeletedType is the content type of a version that only records a deletion.
const DeletedType = "application/x-deleted;swift_versions_deleted=1"

// versionMark separates the name of an object and a version ID in names of this package. Names in
// Swift never contain it.
const versionMark = "\x00"

// AtVersion returns the name of a version of an object.
func (n Name) AtVersion(id string) Name { return n.With(n.Object + versionMark + id) }

// CutVersion reverses AtVersion. The ID is empty if n is not the name of a version.
func (n Name) CutVersion() (object Name, id string) {
	base, id, ok := strings.Cut(n.Object, versionMark)
	if !ok || base == "" { // EmptyObject begins with versionMark
		return n, ""
	}
	return n.With(base), id
}

// DatedBy sets the modification time of a version to the time in its name, unless its metadata has
// one. Swift's own time of some versions is that of their replacement.
func (o *Object) DatedBy(at time.Time) {
	if o.Header.Get(MetaMtime) == "" {
		o.ModTime = at
	}
}
