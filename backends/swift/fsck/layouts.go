package fsck

import (
	"regexp"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
)

// group is the place of the segments of one upload, as their names show it.
type group struct {
	prefix string // of the names of the segments
	owner  string // the object for which they were stored; empty if it is not known
	tool   string // the program that has stored them
	own    bool   // filegate has
	upload string // the ID of filegate's upload
}

// The segments of other programs: the name of the file, and
//
//	swiftclient  [slo/]<time>/<size>/<size of a segment>/<number>
//	rclone       <time>/<size>/<number>, or in newer versions <date>-<random>/<number>
//	sftp-cloudfs .part/<number>, in the container of the file
var (
	swiftclientSegment = regexp.MustCompile(`^(.+?)(/slo)?/\d{6,}\.\d+/\d+/\d+/\d{8}$`)
	rcloneSegment      = regexp.MustCompile(`^(.+)/(?:\d{9,}(?:\.\d+)?/-?\d+|\d{4}-\d\d-\d\d-\d{6}-[A-Za-z0-9_-]{22})/\d{8}$`)
	cloudfsSegment     = regexp.MustCompile(`^(.+?)(_\d\d)?\.part/\d{6}$`)
	s3Segment          = regexp.MustCompile(`^(.+)/[A-Za-z0-9_=-]{16,}/\d{1,5}$`)
)

// groupOf returns the group of a segment by its name. It returns false for names that show no
// segment.
func groupOf(n api.Name) (group, bool) {
	if place, _, ok := object.CutOwnSegment(n.Object); ok {
		g := group{prefix: place, tool: "filegate", own: true}
		if !api.IsSegments(n.Container) && !object.IsOwnPart(n.Object) {
			return group{}, false
		}
		dir := strings.TrimSuffix(place, "/")
		g.upload = dir[strings.LastIndexByte(dir, '/')+1:]
		if file, ok := object.FileOfPlace(n.With(place)); ok {
			g.owner = file.Object
		}
		return g, true
	}
	g := group{prefix: n.Object[:strings.LastIndexByte(n.Object, '/')+1]}
	match := func(pattern *regexp.Regexp, tool string) bool {
		m := pattern.FindStringSubmatch(n.Object)
		if m == nil {
			return false
		}
		g.owner, g.tool = m[1], tool
		return true
	}
	switch {
	case !api.IsSegments(n.Container):
		return g, match(cloudfsSegment, "sftp-cloudfs")
	case strings.HasSuffix(n.Container, api.SegmentsSuffix):
		return g, match(swiftclientSegment, "swiftclient") || match(rcloneSegment, "rclone")
	}
	return g, match(s3Segment, "S3")
}
