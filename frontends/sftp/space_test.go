package sftp_test

import (
	"context"
	"encoding/binary"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// withSpace is a store with a space that the test has chosen.
type withSpace struct {
	vfs.FS
	space vfs.Space
}

func (f *withSpace) StatSpace(context.Context, vfs.Path) (vfs.Space, error) { return f.space, nil }

// TestSpace asks for spaces of which not all is known, and for one of which more is used than there
// should be. What a client takes for used is the total less what is free.
func TestSpace(t *testing.T) {
	const mib, blockSize = 1 << 20, 4096
	store := &withSpace{FS: memfs.New()}
	w := dialWire(t, start(t, store))
	for _, tt := range []struct {
		space       vfs.Space
		total, free uint64
	}{
		{vfs.Space{Total: 10 * mib, Used: 4 * mib, Free: 6 * mib}, 10 * mib, 6 * mib},
		{vfs.Space{Total: 10 * mib, Used: 14 * mib, Free: 0}, 14 * mib, 0},
		{vfs.Space{Total: 10 * mib, Used: 4 * mib, Free: -1}, 10 * mib, 6 * mib},
		{vfs.Space{Total: -1, Used: 4 * mib, Free: -1}, 1<<50 + 4*mib, 1 << 50}, // no limit
		{vfs.Space{Total: -1, Used: -1, Free: 6 * mib}, 6 * mib, 6 * mib},
	} {
		store.space = tt.space
		kind, rest := w.ask(t, pktExtended, str("statvfs@openssh.com"), str("/"))
		if kind != pktExtendedReply || len(rest) != 11*8 {
			t.Fatalf("statvfs: %d, %q", kind, rest)
		}
		number := func(i int) uint64 { return binary.BigEndian.Uint64(rest[8*i:]) }
		if number(1) != blockSize || number(2) != tt.total/blockSize || number(3) != tt.free/blockSize || number(4) != tt.free/blockSize {
			t.Errorf("%+v: %d blocks of %d, %d and %d free", tt.space, number(2), number(1), number(3), number(4))
		}
	}
}
