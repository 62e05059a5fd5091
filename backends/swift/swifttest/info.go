package swifttest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
)

// Limits are the limits of the server, which /info reports. 0 is the default of a real Swift.
type Limits struct {
	MaxFileSize  int64 // of an object or segment, in bytes
	ListingLimit int   // number of entries in a listing of containers or objects
	// Maximum number of entries in a listing, even if more are requested, as with Ceph's RadosGW.
	// 0: ListingLimit.
	PageLimit           int
	MaxObjectName       int // in bytes
	MaxContainerName    int // in bytes
	MaxMetaName         int // of one name, in bytes
	MaxMetaValue        int // of one value, in bytes
	MaxMetaCount        int
	MaxMetaOverall      int   // of all names and values, in bytes
	MaxManifestSegments int   // of a static large object
	MaxManifestSize     int64 // in bytes
	MaxDeletes          int   // names in one bulk delete

	Policies []string // storage policies, the default one first; empty: "Policy-0"

	// No static large objects: their manifests are stored as plain objects.
	NoSLO        bool
	NoBulkDelete bool
	NoSymlinks   bool // the headers of symlinks are ignored
	NoInfo       bool // /info answers 404
	// PlainListings removes the fields for static large objects and symbolic links from listings,
	// like Ceph's RadosGW.
	PlainListings bool
	// Ceph makes the server answer like Ceph's RadosGW, with its limits.
	Ceph bool
}

func (l Limits) withDefaults() Limits {
	if l.Ceph {
		l.asCeph()
	}
	l.MaxFileSize = cmp.Or(l.MaxFileSize, 5<<30+2)
	l.ListingLimit = cmp.Or(l.ListingLimit, 10_000)
	l.PageLimit = cmp.Or(l.PageLimit, l.ListingLimit)
	l.MaxObjectName = cmp.Or(l.MaxObjectName, 1024)
	l.MaxContainerName = cmp.Or(l.MaxContainerName, 256)
	l.MaxMetaName = cmp.Or(l.MaxMetaName, 128)
	l.MaxMetaValue = cmp.Or(l.MaxMetaValue, 256)
	l.MaxMetaCount = cmp.Or(l.MaxMetaCount, 90)
	l.MaxMetaOverall = cmp.Or(l.MaxMetaOverall, 4096)
	l.MaxManifestSegments = cmp.Or(l.MaxManifestSegments, 1000)
	l.MaxManifestSize = cmp.Or(l.MaxManifestSize, 8<<20)
	l.MaxDeletes = cmp.Or(l.MaxDeletes, 10_000)
	if len(l.Policies) == 0 {
		l.Policies = []string{"Policy-0"}
	}
	return l
}

// serveInfo answers /info.
func (s *Server) serveInfo(w http.ResponseWriter, r *http.Request) error {
	if s.limits.NoInfo {
		return refuse(http.StatusNotFound)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refuse(http.StatusMethodNotAllowed)
	}
	l := s.limits
	type dict map[string]any
	var policies []dict
	for i, name := range l.Policies {
		policy := dict{"name": name, "aliases": name}
		if i == 0 {
			policy["default"] = true
		}
		policies = append(policies, policy)
	}
	info := dict{
		"swift": dict{
			"version":                   "2.30.1",
			"strict_cors_mode":          true,
			"policies":                  policies,
			"allow_account_management":  true,
			"account_autocreate":        true,
			"max_file_size":             l.MaxFileSize,
			"max_meta_name_length":      l.MaxMetaName,
			"max_meta_value_length":     l.MaxMetaValue,
			"max_meta_count":            l.MaxMetaCount,
			"max_meta_overall_size":     l.MaxMetaOverall,
			"max_header_size":           maxHeaderSize,
			"max_object_name_length":    l.MaxObjectName,
			"container_listing_limit":   l.ListingLimit,
			"account_listing_limit":     l.ListingLimit,
			"max_account_name_length":   256,
			"max_container_name_length": l.MaxContainerName,
			"extra_header_count":        0,
		},
		"account_quotas":    dict{},
		"container_quotas":  dict{},
		"object_versioning": dict{},
		"versioned_writes":  dict{"allowed_flags": []string{"x-versions-location", "x-history-location"}},
		"tempauth":          dict{"account_acls": true},
	}
	if !l.NoSLO {
		info["slo"] = dict{
			"max_manifest_segments": l.MaxManifestSegments,
			"max_manifest_size":     l.MaxManifestSize,
			"yield_frequency":       10,
			"min_segment_size":      1,
			"allow_async_delete":    false,
		}
	}
	if !l.NoSymlinks {
		info["symlink"] = dict{"symloop_max": maxSymlinks, "static_links": true}
	}
	if !l.NoBulkDelete {
		info["bulk_delete"] = dict{"max_deletes_per_request": l.MaxDeletes, "max_failed_deletes": 1000}
	}
	if l.Ceph {
		info = l.cephInfo()
	}
	raw, err := json.Marshal(info)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	_, err = w.Write(raw)
	return err
}
