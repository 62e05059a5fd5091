//go:build !linux

package main

// monotonic returns nothing: there is no systemd.
func monotonic() string { return "" }
