package api

import (
	"net/http"
	"regexp"
	"strings"
)

// Flavour names the program that serves a store. All of them serve Swift's API, with differences.
type Flavour string

// The flavours.
const (
	FlavourSwift Flavour = "swift" // OpenStack Swift, and all that are not known
	FlavourCeph  Flavour = "ceph"  // Ceph's RadosGW
)

// Abilities is what a store can do that its /info does not report. The backend decides by
// abilities, and never by the flavour itself.
type Abilities struct {
	// SLORanges reports whether the manifest of a static large object may name parts of segments,
	// a segment many times, and other manifests. If not, it may only name whole segments.
	SLORanges bool
	// SLOETag reports whether a manifest can be sent with the ETag that the object will have.
	SLOETag bool
	// AsksForManifest reports whether the store answers 100 to a manifest that is sent with
	// "Expect: 100-continue". If not, the store waits for the manifest without an answer.
	AsksForManifest bool
	// CopyContent reports whether COPY makes a plain object of a large object. If not, the copy is
	// another manifest with the same segments.
	CopyContent bool
	// IfNoneMatch reports whether a PUT heeds "If-None-Match: *". If not, the client sends a HEAD
	// first. An object that is stored between the two requests is replaced.
	IfNoneMatch bool
	// ShortestContainer is the minimum length of a container's name, in bytes.
	ShortestContainer int
	// HiddenContainers reports whether the name of a container may begin with a dot.
	HiddenContainers bool
	// Versions reports whether containers keep versions by X-Versions-Enabled and
	// X-History-Location. If not, there is only X-Versions-Location.
	Versions bool
}

// abilitiesOf returns the abilities of a flavour. Those of Ceph were measured with release 16.2.
// Later releases can do more, which does no harm.
func abilitiesOf(f Flavour) Abilities {
	if f == FlavourCeph {
		return Abilities{ShortestContainer: 3}
	}
	return Abilities{
		SLORanges: true, SLOETag: true, AsksForManifest: true, CopyContent: true, IfNoneMatch: true, ShortestContainer: 1, HiddenContainers: true, Versions: true,
	}
}

// cephTransID matches the request ids of RadosGW: counter, time, number of the gateway, and zone.
var cephTransID = regexp.MustCompile(`^tx[0-9a-f]{21}-[0-9a-f]{10}-[0-9a-f]+-.`)

// flavourByAnswer returns the flavour that the headers of an answer show, or "". Any answer will
// do.
func flavourByAnswer(h http.Header) Flavour {
	if cephTransID.MatchString(h.Get("X-Trans-Id")) || h.Get("X-Amz-Request-Id") != "" || h.Get("X-Account-Bytes-Used-Actual") != "" {
		return FlavourCeph
	}
	if h.Get("X-Trans-Id") != "" {
		return FlavourSwift
	}
	return ""
}

// nameAllowed reports whether a container can have the name.
func (a Abilities) nameAllowed(container string) bool {
	return len(container) >= a.ShortestContainer && (a.HiddenContainers || !strings.HasPrefix(container, "."))
}
