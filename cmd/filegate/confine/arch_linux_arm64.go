package confine

import "golang.org/x/sys/unix"

// nativeArch is the architecture of this processor for seccomp.
const nativeArch = unix.AUDIT_ARCH_AARCH64
