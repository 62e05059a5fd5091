package sshexec

import (
	"context"
	"crypto/md5"  //nolint:gosec // clients compare it
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strings"

	"filegate/core/vfs"
	"filegate/frontends/shellwords"
)

// sum is a command that prints checksums.
type sum struct {
	name string
	kept vfs.Algorithm // what stores call it; empty: none keeps it
	new  func() hash.Hash
}

func sums() []sum {
	return []sum{
		{"md5sum", vfs.MD5, md5.New},
		{"sha1sum", "", sha1.New},
		{"sha256sum", vfs.SHA256, sha256.New},
		{"sha512sum", "", sha512.New},
		{"crc32", "", func() hash.Hash { return crc32.NewIEEE() }},
	}
}

// run prints the checksum of each file, or of what comes on stdin where none is named.
func (s sum) run(ctx context.Context, r *run, args []shellwords.Word) int {
	given, args, ok := r.options(args, "bt")
	if !ok {
		return statusUsage
	}
	mark := " "
	if strings.HasSuffix(given, "b") {
		mark = "*"
	}
	if len(args) == 0 {
		return s.stdin(r, mark)
	}
	many := len(args) > 1
	return r.each(ctx, args, func(name string, p vfs.Path) int {
		if name == "-" {
			return s.stdin(r, mark)
		}
		digest, err := s.of(ctx, r, p)
		if err != nil {
			return r.fail(name, err)
		}
		return s.print(r, digest, mark, name, many)
	})
}

func (s sum) stdin(r *run, mark string) int {
	h := s.new()
	if _, err := io.Copy(h, r.in); err != nil {
		r.report("cannot read what is sent")
		return statusFailed
	}
	return s.print(r, h.Sum(nil), mark, "-", false)
}

// of returns the checksum of a file: the store's, or one made by reading.
func (s sum) of(ctx context.Context, r *run, p vfs.Path) ([]byte, error) {
	if s.kept != "" {
		known, err := r.sess.Digest(ctx, p)
		if digest := known[s.kept]; err == nil && len(digest) > 0 {
			return digest, nil
		}
	}
	f, err := r.sess.Open(ctx, p, vfs.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := s.new()
	if _, err := f.WriteTo(h); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// print writes a line as coreutils do: with a backslash before the sum where the name needs some. The program crc32 has lines of its own.
func (s sum) print(r *run, digest []byte, mark, name string, many bool) int {
	line := hex.EncodeToString(digest)
	escaped := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`).Replace(name)
	switch {
	case s.name == "crc32" && !many:
	case s.name == "crc32":
		line += "\t" + escaped
	case escaped != name:
		line = `\` + line + " " + mark + escaped
	default:
		line += " " + mark + name
	}
	if _, err := fmt.Fprintln(r.out, line); err != nil {
		return statusFailed
	}
	return 0
}
