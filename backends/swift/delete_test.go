package swift

import "testing"

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
		if got := isDLOSegment(tt.prefix, tt.object); got != tt.want {
			t.Errorf("isDLOSegment(%q, %q) = %v", tt.prefix, tt.object, got)
		}
	}
}

func TestIsHiddenSegment(t *testing.T) {
	file := name{"", "c", "dir/file"}
	for seg, want := range map[name]bool{
		{"", "c_segments", "dir/file/20260101T000000Z-0/0-0"}: true,
		{"", "other_segments", "x"}:                           true, // renamed into another container
		{"", "c+segments", "dir/file/1"}:                      true, // swift's own client
		{"", "c", "dir/file.part/00000001"}:                   true, // sftp-cloudfs
		{"", "c", ".file-segments/dir/file/1"}:                true, // rclone
		{"", "c", ".segments/dir/file/uuid/1"}:                true, // Apache OpenDAL
		{"", "c", "d/.segments/dir/file/1"}:                   false,
		{"", "c", ".segments"}:                                false,
		{"", "c", "dir/file"}:                                 false,
		{"", "c", "dir/file.txt"}:                             false,
		{"", "c", "dir/other"}:                                false,
		{"", "c", "dir/other.part/1"}:                         false,
		{"", "photos", "a.jpg"}:                               false,
		{"", "c_segmentsx", "a"}:                              false,
	} {
		if got := isHiddenSegment(file, seg); got != want {
			t.Errorf("isHiddenSegment of %v = %v", seg, got)
		}
	}
}
