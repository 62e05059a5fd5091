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

// The metadata that an object carries for filegate. The time is in the form of rclone and the swift
// client.
const (
	MetaPrefix = "X-Object-Meta-"
	MetaMtime  = "X-Object-Meta-Mtime"
	MetaMD5    = "X-Object-Meta-Filegate-Md5"    // of the whole content, in hex; only for what is not a plain object
	MetaSHA256 = "X-Object-Meta-Filegate-Sha256" // likewise, for all files
	// MetaCRC64 is the CRC-64/NVME of the whole content, in hex, for all files. It is there for
	// downloads to be checked by.
	MetaCRC64 = "X-Object-Meta-Filegate-Crc64"
	// MetaCopyOf is the ETag of what a copy has been made of, which a large object has not in
	// common with its copies.
	MetaCopyOf = "X-Object-Meta-Filegate-Copy-Of"
)

// The modes of files and directories that have none of their own.
const (
	DefaultFileMode = fs.FileMode(0o644)
	DefaultDirMode  = fs.ModeDir | 0o755
)

// Object is what the headers of a HEAD or GET tell of an object.
type Object struct {
	Size        int64
	Sized       bool   // the headers tell the size
	ETag        string // without quotes
	ContentType string
	Modified    time.Time // by Swift's clock
	ModTime     time.Time // by its metadata, or Modified
	SLO         bool
	ThroughLink bool   // a symbolic link has led here: all else is of the object that it leads to
	LinkTarget  Name   // of a link itself: the object that it leads to
	VersionID   string // empty in a container that has never kept versions
	DLO         string // X-Object-Manifest, unquoted: "container/prefix"
	Modes       Modes  // where the configuration keeps them
	Header      http.Header
}

// ParseObject reads the headers of a HEAD or a whole GET.
func ParseObject(h http.Header) Object {
	o := Object{
		ETag:        strings.Trim(h.Get("Etag"), `"`),
		ContentType: h.Get("Content-Type"),
		SLO:         strings.EqualFold(h.Get("X-Static-Large-Object"), "true"),
		VersionID:   h.Get(versionHeader),
		Header:      h,
	}
	// A version is reached by a link, too, but that is Swift's own affair.
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

// ObjectOf is ParseObject with the modes, where the configuration keeps them.
func (c *Client) ObjectOf(h http.Header) Object {
	o := ParseObject(h)
	o.Modes = c.ModesOf(h)
	return o
}

// IsDir reports whether the object stands for a directory.
func (o Object) IsDir() bool { return IsDirectoryType(o.ContentType) }

// IsLarge reports whether the object is a manifest: its bytes lie in segments.
func (o Object) IsLarge() bool { return o.SLO || o.DLO != "" }

// Info describes the object as a file or directory with the name base.
func (o Object) Info(base string) vfs.Info {
	if o.IsDir() {
		return o.Modes.Over(vfs.Info{Name: base, Mode: DefaultDirMode, ModTime: o.ModTime})
	}
	return o.Modes.Over(vfs.Info{Name: base, Size: o.Size, Mode: DefaultFileMode, ModTime: o.ModTime, Version: o.Version()})
}

// Version returns what changes with every write, and with nothing else: the ETag. The time changes
// with a POST of metadata too.
func (o Object) Version() string { return o.ETag }

// IsDirectoryType reports whether a content type is that of a directory marker, whatever its
// parameters.
func IsDirectoryType(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(t), DirectoryType)
}

// ContentTypeOf returns the type that a new file is stored with, by the extension of its name.
func ContentTypeOf(object string) string {
	if t := mime.TypeByExtension(path.Ext(object)); t != "" && !IsDirectoryType(t) {
		return t
	}
	return "application/octet-stream"
}

// KeptHeader returns the headers that a POST must repeat, since it replaces all metadata at once:
// those that a client may set. The content type stays by itself.
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
		return true
	}
	switch key {
	case "X-Delete-At", "X-Object-Manifest", "X-Robots-Tag",
		"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires":
		return true
	}
	return false
}

// DLOPrefix is where the segments of a dynamic large object lie: their container, and what their
// names begin with.
func (o Object) DLOPrefix(n Name) (container Name, prefix string) {
	c, prefix, _ := strings.Cut(strings.TrimPrefix(o.DLO, "/"), "/")
	return Name{Account: n.Account, Container: c}, prefix
}

// ContentMD5 is the MD5 of the object's content in hex, or empty where nothing tells it: the ETag
// of a manifest is another thing.
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

// Exists reports whether the object was found at all.
func (o Object) Exists() bool { return o.Header != nil }
