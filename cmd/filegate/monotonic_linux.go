package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// monotonic returns the time of the system's clock that systemd compares with.
func monotonic() string {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return fmt.Sprintf("MONOTONIC_USEC=%d", t.Nano()/1000)
}
