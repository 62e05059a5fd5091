package main

import "golang.org/x/sys/unix"

// nativeArch is this processor's kind in a filter of calls.
const nativeArch = unix.AUDIT_ARCH_AARCH64
