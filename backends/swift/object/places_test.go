package object

import (
	"testing"

	"filegate/backends/swift/api"
)

func TestIsDLOSegment(t *testing.T) {
	for _, tt := range []struct {
		prefix, object string
		want           bool
	}{
		{"file.part/", "file.part/00000001", true},
		{"file.part/", "file.part/sub/1", true},
		{"file.part/", "file.part/", false},
		{"file.part", "file.part/00000001", true},
		{"file.part", "file.part00000001", true},
		{"file.part", "file.partial", false},
		{"file.part", "file.part2/00000001", false},
		{"file.part", "file.part", false},
		{"file.part", "file.part/", false},
		{"file.part", "file.part/1/1", false},
		{"", "1", true},
		{"", "other", false},
	} {
		if got := IsDLOSegment(tt.prefix, tt.object); got != tt.want {
			t.Errorf("isDLOSegment(%q, %q) = %v", tt.prefix, tt.object, got)
		}
	}
}

func TestIsHiddenSegment(t *testing.T) {
	file := api.Name{Account: "", Container: "c", Object: "dir/file"}
	for seg, want := range map[api.Name]bool{
		{Account: "", Container: "c_segments", Object: "dir/file/20260101T000000Z-0/0-0"}: true,
		{Account: "", Container: "other_segments", Object: "x"}:                           true, // renamed into another container
		{Account: "", Container: "c+segments", Object: "dir/file/1"}:                      true, // swift's own client
		{Account: "", Container: "c", Object: "dir/file.part/00000001"}:                   true, // sftp-cloudfs
		{Account: "", Container: "c", Object: ".file-segments/dir/file/1"}:                true, // rclone
		{Account: "", Container: "c", Object: ".segments/dir/file/uuid/1"}:                true, // Apache OpenDAL
		{Account: "", Container: "c", Object: "d/.segments/dir/file/1"}:                   false,
		{Account: "", Container: "c", Object: ".segments"}:                                false,
		{Account: "", Container: "c", Object: "dir/file"}:                                 false,
		{Account: "", Container: "c", Object: "dir/file.txt"}:                             false,
		{Account: "", Container: "c", Object: "dir/other"}:                                false,
		{Account: "", Container: "c", Object: "dir/other.part/1"}:                         false,
		{Account: "", Container: "photos", Object: "a.jpg"}:                               false,
		{Account: "", Container: "c_segmentsx", Object: "a"}:                              false,
	} {
		if got := isHiddenSegment(file, seg); got != want {
			t.Errorf("isHiddenSegment of %v = %v", seg, got)
		}
	}
}
