package memfs_test

import (
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	vfstest.TestFS(t, func(*testing.T) vfs.FS { return memfs.New() }, vfstest.Limits{})
}

func TestConformanceInSmallPages(t *testing.T) {
	vfstest.TestFS(t, func(*testing.T) vfs.FS {
		fsys := memfs.New()
		fsys.PageSize = 3
		return fsys
	}, vfstest.Limits{})
}
