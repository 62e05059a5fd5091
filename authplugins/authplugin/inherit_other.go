//go:build !linux

package authplugin

// keepDescriptors is for Linux only.
func keepDescriptors() {}
