package api

import (
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"net/textproto"
	"path"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

// The metadata that filegate stores with an object. The modification time has the format of rclone
// and the swift client.
const (
	MetaPrefix = "X-Object-Meta-"
	MetaMtime  = "X-Object-Meta-Mtime"
	// Of the whole content, in hex; only for objects that are not plain.
	MetaMD5    = "X-Object-Meta-Filegate-Md5"
	MetaSHA256 = "X-Object-Meta-Filegate-Sha256" // of the whole content, in hex; for all files
	// MetaCRC64 is the CRC-64/NVME of the whole content, in hex, for all files. Downloads are
	// checked with it.
	MetaCRC64 = "X-Object-Meta-Filegate-Crc64"
	// MetaStored is set if filegate has stored the file and MetaCRC64 had to be removed.
	MetaStored = "X-Object-Meta-Filegate-Stored"
	// MetaSegments is the place of the segments of a static large object, as "container/prefix" and
	// encoded as in a URL. It is set in stores that do not return manifests.
	MetaSegments = "X-Object-Meta-Filegate-Segments"
	// metaOfRGW is a header that RadosGW adds to static large objects.
	metaOfRGW = "X-Object-Meta-Static-Large-Object"
	// MetaCopyOf is the ETag of the object from which a copy was made. The ETags of a large object
	// and of its copy differ.
	MetaCopyOf = "X-Object-Meta-Filegate-Copy-Of"
)

// The modes of files and directories without modes in their metadata.
const (
	DefaultFileMode = fs.FileMode(0o644)
	DefaultDirMode  = fs.ModeDir | 0o755
)

// Object is the description of an object in the headers of a HEAD or GET.
type Object struct {
	Size        int64
	Sized       bool   // the headers contain the size
	ETag        string // without quotes
	ContentType string
	Modified    time.Time // by Swift's clock
	ModTime     time.Time // from the metadata, or else Modified
	SLO         bool
	ThroughLink bool   // a symbolic link has led here: all other fields describe the object to which it leads
	LinkTarget  Name   // of a link itself: its target
	VersionID   string // empty if the container has never kept versions
	DLO         string // X-Object-Manifest, unquoted: "container/prefix"
	Modes       Modes  // if the configuration keeps them
	Header      http.Header
}

// ParseObject parses the headers of a HEAD or of a GET of a whole object.
func ParseObject(h http.Header) Object {
	o := Object{
		ETag:        strings.Trim(h.Get("Etag"), `"`),
		ContentType: h.Get("Content-Type"),
		SLO:         strings.EqualFold(h.Get("X-Static-Large-Object"), "true"),
		VersionID:   h.Get(versionHeader),
		Header:      h,
	}
	// A version is also reached by a link, but by an internal one of Swift.
	o.ThroughLink = h.Get("Content-Location") != "" && !o.IsVersion()
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	o.Size, o.Sized = max(size, 0), err == nil && size >= 0
	if t, err := ParseSeconds(h.Get("X-Timestamp")); err == nil {
		o.Modified = t
	} else if t, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		o.Modified = t
	}
	o.ModTime = o.Modified
	if t, err := ParseSeconds(h.Get(MetaMtime)); err == nil {
		o.ModTime = t
	}
	if m := h.Get("X-Object-Manifest"); m != "" {
		o.DLO = unquote(m)
	}
	return o
}

// ObjectOf is ParseObject with the modes and with the time in the content type, if the
// configuration keeps them.
func (c *Client) ObjectOf(h http.Header) Object {
	o := ParseObject(h)
	o.Modes = c.ModesOf(h)
	if t, ok := TimeOfType(o.ContentType); ok && c.store.config.TimeInType {
		o.ModTime = t // as in listings: a client must not see two times
	}
	return o
}

// IsDir reports whether the object stands for a directory.
func (o Object) IsDir() bool { return IsDirectoryType(o.ContentType) }

// IsOwn reports whether filegate has stored the file.
func (o Object) IsOwn() bool { return o.Header.Get(MetaCRC64) != "" || o.Header.Get(MetaStored) != "" }

// IsLarge reports whether the object is a manifest, so that its bytes are in segments.
func (o Object) IsLarge() bool { return o.SLO || o.DLO != "" }

// Info returns the description of the file or directory with the name base.
func (o Object) Info(base string) vfs.Info {
	if o.IsDir() {
		return o.Modes.Over(vfs.Info{Name: base, Mode: DefaultDirMode, ModTime: o.ModTime})
	}
	return o.Modes.Over(vfs.Info{Name: base, Size: o.Size, Mode: DefaultFileMode, ModTime: o.ModTime, Version: o.Version()})
}

// Version returns a text that changes with every write and with nothing else: the ETag. The time
// changes with a POST of metadata too.
func (o Object) Version() string { return o.ETag }

// IsDirectoryType reports whether a content type is that of a directory marker, with any
// parameters.
func IsDirectoryType(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(t), DirectoryType)
}

// ContentTypeOf returns the content type of a new file, by the extension of its name.
func ContentTypeOf(object string) string {
	if t := mime.TypeByExtension(path.Ext(object)); t != "" && !IsDirectoryType(t) {
		return t
	}
	return "application/octet-stream"
}

// KeptHeader returns the headers that a POST must repeat because it replaces all metadata: those
// that a client may set. The content type does not change.
func (o Object) KeptHeader() map[string]string {
	h := map[string]string{}
	for key, values := range o.Header {
		if len(values) > 0 && keptByPost(key) {
			h[key] = values[0]
		}
	}
	return h
}

func keptByPost(key string) bool {
	key = textproto.CanonicalMIMEHeaderKey(key)
	if strings.HasPrefix(key, MetaPrefix) {
		return key != metaOfRGW
	}
	switch key {
	case "X-Delete-At", "X-Object-Manifest", "X-Robots-Tag",
		"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires":
		return true
	}
	return false
}

// DLOPrefix returns the place of the segments of a dynamic large object: their container, and the
// prefix of their names.
func (o Object) DLOPrefix(n Name) (container Name, prefix string) {
	c, prefix, _ := strings.Cut(strings.TrimPrefix(o.DLO, "/"), "/")
	return Name{Account: n.Account, Container: c}, prefix
}

// ContentMD5 returns the MD5 of the content in hex, or "" if it is unknown. The ETag of a manifest
// is not the MD5 of the content.
func (o Object) ContentMD5() string {
	sum := o.ETag
	if o.IsLarge() {
		sum = o.Header.Get(MetaMD5)
	}
	if len(sum) != hex.EncodedLen(md5.Size) {
		return ""
	}
	return sum
}

// EmptyETag is the MD5 of no bytes.
const EmptyETag = "d41d8cd98f00b204e9800998ecf8427e"

// IsStoresMeta reports whether the store adds a key to an object's metadata by itself. The key is
// in lower case and without the prefix.
func IsStoresMeta(key string) bool {
	return textproto.CanonicalMIMEHeaderKey(MetaPrefix+key) == metaOfRGW
}

// SegmentsPlace returns the prefix of the names of a static large object's segments, from its
// metadata.
func (o Object) SegmentsPlace(n Name) (Name, bool) {
	container, prefix, ok := strings.Cut(unquote(o.Header.Get(MetaSegments)), "/")
	return Name{n.Account, container, prefix}, ok && container != "" && prefix != ""
}

// Exists reports whether the object was found.
func (o Object) Exists() bool { return o.Header != nil }
