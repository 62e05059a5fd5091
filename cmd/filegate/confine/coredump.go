package confine

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ForbidCoreDumps prevents core dumps of this process and of the programs that it starts. A dump
// would contain passwords and tokens. The limit is one byte: no file fits, and Linux does not pass
// the dump to a program (core(5), core_pattern with a pipe), as it would with a limit of zero.
func ForbidCoreDumps() error {
	if err := hideMemory(); err != nil {
		return fmt.Errorf("the memory cannot be hidden from other processes: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}); err == nil {
		return nil
	}
	// The limit may already be lower: the process that started filegate may have set it to zero.
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
