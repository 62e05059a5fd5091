package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// forbidCoreDumps keeps what a crash would write out, passwords and tokens among it, in memory:
// that of this process and of the authenticators that it starts. A limit of one byte is one that no
// file fits in, and at which Linux does not hand the dump to a program either (core(5),
// core_pattern with a pipe), as it would at zero.
func forbidCoreDumps() error {
	if err := hideMemory(); err != nil {
		return fmt.Errorf("the memory cannot be kept from other processes: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}); err == nil {
		return nil
	}
	// Whoever started filegate may have forbidden all of it already.
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &now); err != nil {
		return fmt.Errorf("core dumps cannot be forbidden: %w", err)
	}
	now.Cur = min(now.Cur, 1)
	now.Max = now.Cur
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &now); err != nil {
		return fmt.Errorf("core dumps cannot be forbidden: %w", err)
	}
	return nil
}
