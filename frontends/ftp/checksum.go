package ftp

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"filegate/core/session"
	"filegate/core/vfs"
)

// digestName is the name of a checksum in HASH (draft-bryan-ftpext-hash).
type digestName string

// digests are the checksums that clients may request, in the order of FEAT.
var digests = []struct {
	name digestName
	hash string // the session's name
}{{"SHA-256", "sha256"}, {"SHA-512", "sha512"}, {"SHA-1", "sha1"}, {"MD5", "md5"}, {"CRC32", "crc32"}}

// ofVerb maps the commands for one checksum to its name.
var ofVerb = map[string]digestName{
	"XCRC": "CRC32", "MD5": "MD5", "XMD5": "MD5", "XSHA": "SHA-1", "XSHA1": "SHA-1", "XSHA256": "SHA-256", "XSHA512": "SHA-512",
}

func (n digestName) feature() string {
	var b strings.Builder
	for _, d := range digests {
		b.WriteString(string(d.name))
		if d.name == n {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return strings.TrimSuffix(b.String(), ";")
}

// setHash executes OPTS HASH. Without an argument it returns the current checksum.
func (p *parameters) setHash(arg string) *reply {
	if arg = strings.ToUpper(strings.TrimSpace(arg)); arg != "" {
		known := false
		for _, d := range digests {
			known = known || string(d.name) == arg
		}
		if !known {
			return &reply{code: 501, text: "The available checksums are " + p.hash.feature()}
		}
		p.hash = digestName(arg)
	}
	return &reply{code: 200, text: string(p.hash)}
}

// checksum executes HASH, XCRC and similar commands. It may take as long as the storage takes to
// read the file.
func (c *client) checksum(d *driver, verb, arg string) *reply {
	name, part, algorithm := arg, c.params.span, c.params.hash
	if verb == "HASH" {
		c.params.span = nil
	} else {
		var r *reply
		if name, part, r = fileSpan(arg, d.isFile); r != nil {
			return r
		}
		algorithm = ofVerb[verb]
	}
	if name == "" {
		return errNoPath
	}
	return c.begin(d, joinCommand(verb, arg), func(t *transfer) *reply {
		sum, part, err := d.digest(t.ctx, name, algorithm, part)
		if err != nil {
			return asReply(failure(err))
		}
		switch verb {
		case "HASH":
			return &reply{code: 213, text: fmt.Sprintf("%s %d-%d %s %s", algorithm, part.first, part.end-1, sum, name)}
		case "MD5": // draft-twine-ftpmd5
			return &reply{code: 251, text: name + " " + strings.ToUpper(sum)}
		}
		return &reply{code: 250, text: strings.ToUpper(sum)}
	})
}

func (d *driver) isFile(name string) bool {
	info, err := d.stat(d.session.Context(), name)
	return err == nil && !info.IsDir()
}

// digest returns the hexadecimal checksum of a part of a file, and the part. For a whole file it
// may return a checksum that the storage keeps.
func (d *driver) digest(ctx context.Context, name string, algorithm digestName, wanted *span) (string, span, error) {
	p, err := d.resolve(name)
	if err != nil {
		return "", span{}, err
	}
	var offset int64
	if wanted != nil {
		offset = wanted.first
	}
	f, err := d.session.Open(ctx, p, vfs.OpenOptions{Offset: offset})
	if err != nil {
		return "", span{}, err
	}
	defer f.Close()
	size := f.Info().Size
	part := span{0, size}
	if wanted != nil {
		if part = *wanted; part.end == maxOffset {
			part.end = size
		}
	}
	if part.first > part.end || part.end > size {
		return "", span{}, &reply{code: 501, text: fmt.Sprintf("The file has only %d bytes.", size)}
	}
	for _, known := range digests {
		if known.name != algorithm {
			continue
		}
		kind, _ := session.HashNamed(known.hash)
		if part == (span{0, size}) {
			if sum := d.session.KeptChecksum(ctx, p, kind); len(sum) > 0 {
				return hex.EncodeToString(sum), part, nil
			}
		}
		h := kind.New()
		_, err := f.WriteTo(&limitedWriter{w: h, left: part.end - part.first})
		if err == errEnough {
			err = nil
		}
		return hex.EncodeToString(h.Sum(nil)), part, err
	}
	return "", span{}, vfs.ErrUnsupported
}
