//go:build linux && !amd64 && !arm64

package confine

// nativeArch is the name of this processor for seccomp; 0: its call numbers are unknown here.
const nativeArch = 0
