//go:build linux && !amd64 && !arm64

package confine

// nativeArch is the architecture of this processor for seccomp; 0: not supported, so there is no
// filter.
const nativeArch = 0
