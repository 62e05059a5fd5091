package sshexec

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/frontends/shellwords"
)

// sum is a command that prints checksums.
type sum struct {
	name string
	hash session.Hash
}

func sums() []sum {
	var all []sum
	for _, name := range []string{"md5sum", "sha1sum", "sha256sum", "sha384sum", "sha512sum", "crc32"} {
		if h, ok := session.HashNamed(strings.TrimSuffix(name, "sum")); ok {
			all = append(all, sum{name, h})
		}
	}
	return all
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
		digest, err := r.sess.Checksum(ctx, p, s.hash)
		if err != nil {
			return r.fail(name, err)
		}
		return s.print(r, digest, mark, name, many)
	})
}

func (s sum) stdin(r *run, mark string) int {
	h := s.hash.New()
	if _, err := io.Copy(h, r.in); err != nil {
		r.report("cannot read what is sent")
		return statusFailed
	}
	return s.print(r, h.Sum(nil), mark, "-", false)
}

// print writes a line as coreutils do: with a backslash before the sum where the name needs some.
// The program crc32 has lines of its own.
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
