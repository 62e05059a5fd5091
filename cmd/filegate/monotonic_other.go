//go:build !linux

package main

// monotonic returns "": only Linux has systemd.
func monotonic() string { return "" }
