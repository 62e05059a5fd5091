package swift

import (
	"fmt"
	"io/fs"
	"math"
	"mime"
	"net/http"
	"net/textproto"
	"path"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

// The metadata that an object carries for filegate. The time is in the form of rclone and the swift client.
const (
	metaPrefix = "X-Object-Meta-"
	metaMtime  = "X-Object-Meta-Mtime"
	metaMD5    = "X-Object-Meta-Filegate-Md5"    // of the whole content, in hex; only for what is not a plain object
	metaSHA256 = "X-Object-Meta-Filegate-Sha256" // likewise, for all files
	// metaCRC64 is the CRC-64/NVME of the whole content, in hex, for all files. It is there for downloads to be checked by.
	metaCRC64 = "X-Object-Meta-Filegate-Crc64"
	// metaCopyOf is the ETag of what a copy has been made of, which a large object has not in common with its copies.
	metaCopyOf = "X-Object-Meta-Filegate-Copy-Of"
)

const (
	fileMode = fs.FileMode(0o644)
	dirMode  = fs.ModeDir | 0o755
)

// object is what the headers of a HEAD or GET say of one.
type object struct {
	size        int64
	sized       bool   // the headers tell the size
	etag        string // without quotes
	contentType string
	modified    time.Time // by Swift's clock
	mtime       time.Time // by its metadata, or modified
	slo         bool
	link        bool   // a symbolic link has led here: all else is of what it leads to
	target      name   // what it leads to, of a link itself
	versionID   string // empty in a container that has never kept versions
	dlo         string // X-Object-Manifest, unquoted: "container/prefix"
	modes       modes  // where they are to be shown
	header      http.Header
}

// parseObject reads the headers of a HEAD or a whole GET.
func parseObject(h http.Header) object {
	o := object{
		etag:        strings.Trim(h.Get("Etag"), `"`),
		contentType: h.Get("Content-Type"),
		slo:         strings.EqualFold(h.Get("X-Static-Large-Object"), "true"),
		versionID:   h.Get(versionHeader),
		header:      h,
	}
	// A version is reached by a link, too, but that is Swift's own affair.
	o.link = h.Get("Content-Location") != "" && !o.isVersion()
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	o.size, o.sized = max(size, 0), err == nil && size >= 0
	if t, err := parseSeconds(h.Get("X-Timestamp")); err == nil {
		o.modified = t
	} else if t, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		o.modified = t
	}
	o.mtime = o.modified
	if t, err := parseSeconds(h.Get(metaMtime)); err == nil {
		o.mtime = t
	}
	if m := h.Get("X-Object-Manifest"); m != "" {
		o.dlo = unquote(m)
	}
	return o
}

// object is what headers say of an object, as far as it is to be shown.
func (c *client) object(h http.Header) object {
	o := parseObject(h)
	o.modes = c.modesOf(h)
	return o
}

func (o object) isDir() bool { return isDirectoryType(o.contentType) }

// isLarge says whether the object is a manifest: its bytes lie in segments.
func (o object) isLarge() bool { return o.slo || o.dlo != "" }

func (o object) info(base string) vfs.Info {
	if o.isDir() {
		return o.modes.over(vfs.Info{Name: base, Mode: dirMode, ModTime: o.mtime})
	}
	return o.modes.over(vfs.Info{Name: base, Size: o.size, Mode: fileMode, ModTime: o.mtime, Version: o.version()})
}

// version changes with every write, and with nothing else: a POST of metadata keeps the ETag but not the time.
func (o object) version() string { return o.etag }

// isDirectoryType says whether a content type is that of a directory marker, whatever its parameters.
func isDirectoryType(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(t), directoryType)
}

// contentType is the type that a new file is stored with, by its name's extension.
func contentType(object string) string {
	if t := mime.TypeByExtension(path.Ext(object)); t != "" && !isDirectoryType(t) {
		return t
	}
	return "application/octet-stream"
}

// formatSeconds returns a time in the form of X-Object-Meta-Mtime: seconds since 1970, as a decimal
// number with nine decimals. Half a second before 1970 is "-0.500000000".
func formatSeconds(t time.Time) string {
	sec, nsec := t.Unix(), int64(t.Nanosecond())
	if sec < 0 && nsec > 0 {
		sec, nsec = sec+1, int64(time.Second)-nsec
		return fmt.Sprintf("-%d.%09d", -sec, nsec)
	}
	return fmt.Sprintf("%d.%09d", sec, nsec)
}

// maxExponent bounds the power of ten in a number of seconds. No time that can be told needs more.
const maxExponent = 20

// parseSeconds reads seconds since 1970: a decimal number with any number of decimals, with or
// without a power of ten as Python writes it ("1.7e+09"). What is below a nanosecond is cut off.
func parseSeconds(s string) (time.Time, error) {
	digits, negative := strings.CutPrefix(s, "-")
	digits, power, hasPower := strings.Cut(strings.ToLower(digits), "e")
	exponent := 0
	if hasPower {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || exponent < -maxExponent || exponent > maxExponent {
			return time.Time{}, notSeconds(s)
		}
	}
	whole, part, _ := strings.Cut(digits, ".")
	if whole == "" {
		return time.Time{}, notSeconds(s)
	}
	// The point moves by the exponent.
	switch {
	case exponent > 0:
		part += strings.Repeat("0", max(exponent-len(part), 0))
		whole, part = whole+part[:exponent], part[exponent:]
	case exponent < 0:
		whole = strings.Repeat("0", max(1-exponent-len(whole), 0)) + whole
		point := len(whole) + exponent
		whole, part = whole[:point], whole[point:]+part
	}
	if strings.Trim(whole+part, "0123456789") != "" {
		return time.Time{}, notSeconds(s)
	}
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec > math.MaxInt64/int64(time.Second) {
		return time.Time{}, notSeconds(s)
	}
	nsec, err := strconv.ParseInt((part + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, notSeconds(s)
	}
	if negative {
		sec, nsec = -sec, -nsec
	}
	return time.Unix(sec, nsec), nil
}

func notSeconds(s string) error { return fmt.Errorf("not a time in seconds: %q", s) }

// kept returns the headers that a POST must repeat, since it replaces all metadata at once: everything of the object's that
// a client may set. The content type stays by itself.
func (o object) kept() map[string]string {
	h := map[string]string{}
	for key, values := range o.header {
		if len(values) > 0 && keptByPost(key) {
			h[key] = values[0]
		}
	}
	return h
}

func keptByPost(key string) bool {
	key = textproto.CanonicalMIMEHeaderKey(key)
	if strings.HasPrefix(key, metaPrefix) {
		return true
	}
	switch key {
	case "X-Delete-At", "X-Object-Manifest", "X-Robots-Tag",
		"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires":
		return true
	}
	return false
}
