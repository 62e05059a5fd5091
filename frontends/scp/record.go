package scp

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

// maxRecord is the size limit of a line: a record with the longest name, or a message.
const maxRecord = vfs.MaxPath + 64

// kind is the first byte of a record.
type kind byte

const (
	kindFile  kind = 'C' // C0644 size name
	kindDir   kind = 'D' // D0755 0 name
	kindEnd   kind = 'E' // end of a directory
	kindTimes kind = 'T' // Tmtime usec atime usec
)

// record is a line of the protocol that announces a file, a directory, its end, or times.
type record struct {
	kind kind
	mode fs.FileMode // of a file or directory
	size int64       // of a file, in bytes
	name string      // one element of a path, as the client's bytes
	times
}

type times struct{ modified, accessed time.Time }

var errRecord = errors.New("protocol error")

// parseRecord parses a line without its newline.
func parseRecord(line string) (record, error) {
	if line == "" {
		return record{}, errRecord
	}
	r := record{kind: kind(line[0])}
	switch r.kind {
	case kindEnd:
		if len(line) > 1 {
			return record{}, errRecord
		}
		return r, nil
	case kindTimes:
		if err := r.parseTimes(line[1:]); err != nil {
			return record{}, err
		}
		return r, nil
	case kindFile, kindDir:
		if err := r.parseEntry(line[1:]); err != nil {
			return record{}, err
		}
		return r, nil
	}
	return record{}, errRecord
}

func (r *record) parseEntry(s string) error {
	fields := strings.SplitN(s, " ", 3)
	if len(fields) != 3 || len(fields[0]) != 4 {
		return errRecord
	}
	mode, err := strconv.ParseUint(fields[0], 8, 12)
	if err != nil {
		return fmt.Errorf("%w: mode", errRecord)
	}
	size, err := number(fields[1])
	if err != nil {
		return fmt.Errorf("%w: size", errRecord)
	}
	if !vfs.ValidName(vfs.EscapeBytes(fields[2])) {
		return fmt.Errorf("%w: unexpected file name", errRecord)
	}
	r.mode, r.size, r.name = fs.FileMode(mode)&fs.ModePerm, size, fields[2]
	return nil
}

func (r *record) parseTimes(s string) error {
	fields := strings.Split(s, " ")
	if len(fields) != 4 {
		return errRecord
	}
	var n [4]int64
	for i, field := range fields {
		v, err := number(field)
		if err != nil {
			return fmt.Errorf("%w: times", errRecord)
		}
		n[i] = v
	}
	const million = 1_000_000
	if n[1] >= million || n[3] >= million {
		return fmt.Errorf("%w: times", errRecord)
	}
	r.modified = time.Unix(n[0], n[1]*1000)
	r.accessed = time.Unix(n[2], n[3]*1000)
	return nil
}

// number parses digits only; strconv would also accept a sign.
func number(s string) (int64, error) {
	if s == "" || s[0] == '+' || s[0] == '-' {
		return 0, errRecord
	}
	return strconv.ParseInt(s, 10, 64)
}

// String returns the line for a record, with its newline. Control characters in the name are
// escaped.
func (r record) String() string {
	switch r.kind {
	case kindTimes:
		return fmt.Sprintf("T%d 0 %d 0\n", max(r.modified.Unix(), 0), max(r.accessed.Unix(), 0))
	case kindEnd:
		return "E\n"
	}
	return fmt.Sprintf("%c%04o %d %s\n", r.kind, r.mode.Perm(), r.size, vfs.EscapeControl(r.name))
}
