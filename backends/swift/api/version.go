package api

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// versionHeader tells of which version an answer is. It is in all answers about objects of a
// container that keeps versions, or once did.
const versionHeader = "X-Object-Version-Id"

// NullVersion is the id of an object from a time at which its container kept no versions.
const NullVersion = "null"

// Versioning is how a container keeps versions.
type Versioning struct {
	Enabled bool   // by their ids; also when that has been turned off, since what was kept until then stays
	Archive string // where they go by the older ways
}

// VersioningOf reads the headers of a container.
func VersioningOf(container http.Header) Versioning {
	v := Versioning{Enabled: container.Get("X-Versions-Enabled") != ""}
	for _, key := range []string{"X-History-Location", "X-Versions-Location"} {
		if location := container.Get(key); location != "" {
			v.Archive, _, _ = strings.Cut(unquote(location), "/")
		}
	}
	return v
}

// Keeps reports whether there are versions at all.
func (v Versioning) Keeps() bool { return v.Enabled || v.Archive != "" }

// Versioning asks how a container keeps versions. One that is not there keeps none. The error is
// not translated.
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

// IsVersion reports whether the object is one of several versions, as its headers tell.
func (o Object) IsVersion() bool { return o.VersionID != "" && o.VersionID != NullVersion }

// DeletedType is the type of a version that says only that the object was deleted.
const DeletedType = "application/x-deleted;swift_versions_deleted=1"

// versionMark separates the name of an object from the id of the version that is meant, in names of
// this package. No name of Swift's has it.
const versionMark = "\x00"

// AtVersion is a version of an object.
func (n Name) AtVersion(id string) Name { return n.With(n.Object + versionMark + id) }

// CutVersion splits what at makes. The id is empty for what is no version.
func (n Name) CutVersion() (object Name, id string) {
	base, id, ok := strings.Cut(n.Object, versionMark)
	if !ok || base == "" { // EmptyObject
		return n, ""
	}
	return n.With(base), id
}

// DatedBy gives a version the time that it is named by, unless its owner has given it another. What
// Swift says is, of some, when it was replaced.
func (o *Object) DatedBy(at time.Time) {
	if o.Header.Get(MetaMtime) == "" {
		o.ModTime = at
	}
}
