package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// monotonic returns the monotonic time as systemd requires it with RELOADING=1 (sd_notify(3)).
func monotonic() string {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return fmt.Sprintf("MONOTONIC_USEC=%d", t.Nano()/1000)
}
