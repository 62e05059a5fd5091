package swifttest

import (
	"net/http"
	"strconv"
	"strings"
)

// With Limits.Ceph the server answers like Ceph's RadosGW, as far as the difference matters to
// clients. Its answers were measured with release 16.2.15.

// cephPage is the maximum number of entries in a listing of RadosGW, whatever /info reports.
const cephPage = 1000

// asCeph sets the limits of RadosGW.
func (l *Limits) asCeph() {
	if l.PageLimit == 0 {
		l.PageLimit = cephPage
	}
	l.NoSymlinks, l.PlainListings = true, true
	l.MaxMetaValue, l.MaxMetaOverall = maxHeaderSize, 4*maxHeaderSize
}

// checkCeph refuses the requests that RadosGW refuses before it reads any object.
func (s *Server) checkCeph(r *request) error {
	if !s.limits.Ceph || r.container == "" {
		return nil
	}
	if len(r.container) < 3 || strings.HasPrefix(r.container, ".") {
		return refuseWith(http.StatusBadRequest, plainType, "InvalidBucketName")
	}
	if r.Method == http.MethodPut && r.query.Get("multipart-manifest") == "put" && r.Header.Get("Expect") != "" {
		// RadosGW waits for the body without an answer, and so would the client.
		return refuseWith(http.StatusRequestTimeout, plainType, "RequestTimeout")
	}
	return nil
}

// resolveCeph looks up the segments of a manifest. It ignores ranges and the ETags of segments.
func (s *Server) resolveCeph(r *request, entries []manifestEntry) (segments []segment, etag string, err error) {
	if e := unquote(r.Header.Get("Etag")); e != "" && e != emptyMD5 {
		return nil, "", refuseWith(http.StatusUnprocessableEntity, plainType, "UnprocessableEntity")
	}
	told := make([]segment, len(entries))
	for i, e := range entries {
		hash := ""
		if e.ETag != nil {
			hash = *e.ETag
		}
		told[i].Hash = hash
		e.ETag, e.Range = nil, ""
		g, problems := s.resolveOne(r.visitor(), e, true)
		switch {
		case g.Name == "":
			return nil, "", refuseWith(http.StatusNotFound, plainType, "NoSuchKey")
		case g.SubSLO, len(problems) > 0:
			return nil, "", refuseWith(http.StatusBadRequest, plainType, "InvalidArgument")
		}
		segments = append(segments, g)
	}
	return segments, sloETag(told), nil
}

// getCephManifest answers a request for a manifest with an empty body.
func getCephManifest(w http.ResponseWriter, v *view) error {
	v.headers(w.Header())
	w.Header().Del("X-Static-Large-Object")
	w.Header().Set("Etag", emptyMD5)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

// refusesMatch reports whether a GET fails because of If-Match: RadosGW never matches the ETag of a
// large object.
func (s *Server) refusesMatch(r *request, v *view) bool {
	return s.limits.Ceph && r.Header.Get("If-Match") != "" && (v.object.SLO != nil || v.object.Meta["X-Object-Manifest"] != "")
}

// copyCephManifest copies a manifest, which then has the same segments. It does not look them up.
func (s *Server) copyCephManifest(w http.ResponseWriter, r, from *request, v *view, sink http.Header) error {
	if err := s.checkPut(r, sink); err != nil {
		return err
	}
	o := &object{Name: r.object, Type: sink.Get("Content-Type"), Meta: objectHeaders(sink), SLO: v.object.SLO}
	pr := &pull{content: v.content, part: span{0, v.size}}
	defer pr.close()
	if err := s.receive(r, o, pr.start(), v.size, ""); err != nil {
		return err
	}
	tellCopy(w.Header(), from, v.object, sink)
	return created(w, o, emptyMD5)
}

// keepDeleteAt keeps the expiry and the manifest of an object when a POST sets neither.
func (s *Server) keepDeleteAt(h http.Header, o *object, old *object) {
	if at := old.Meta["X-Delete-At"]; s.limits.Ceph && at != "" && h.Get("X-Remove-Delete-At") == "" && o.Meta["X-Delete-At"] == "" {
		o.Meta["X-Delete-At"] = at
	}
	if m := old.Meta["X-Object-Manifest"]; s.limits.Ceph && m != "" && o.Meta["X-Object-Manifest"] == "" {
		o.Meta["X-Object-Manifest"] = m
	}
}

// cephInfo is the /info of RadosGW.
func (l Limits) cephInfo() map[string]any {
	type dict = map[string]any
	return dict{
		"bulk_delete": dict{}, "container_quotas": dict{}, "account_quotas": dict{}, "staticweb": dict{},
		"swift": dict{
			"max_file_size": l.MaxFileSize, "container_listing_limit": l.ListingLimit, "version": "16.2.15",
			"policies":             []dict{{"default": true, "name": "default-placement"}},
			"max_object_name_size": l.MaxObjectName, "strict_cors_mode": true, "max_container_name_length": 255,
		},
		"tempurl":  dict{"methods": []string{"GET", "HEAD", "PUT", "POST", "DELETE"}},
		"slo":      dict{"max_manifest_segments": l.MaxManifestSegments},
		"tempauth": dict{"account_acls": true},
	}
}

// cephTransID changes the id of a request to the form of RadosGW.
func cephTransID(id string) string {
	return id[:min(len(id), 34)] + "-" + strconv.Itoa(4118) + "-default"
}
