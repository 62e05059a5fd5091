//go:build !linux

package authplugin

// keepDescriptors does nothing: it is implemented for Linux only.
func keepDescriptors() {}
