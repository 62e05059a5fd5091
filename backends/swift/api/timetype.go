package api

import (
	"strings"
	"time"
)

// In stores with Config.TimeInType the modification time of a file is also a parameter of its
// content type, because a listing contains the content type but no metadata:
//
//	application/octet-stream;mtime=1700000000.123
//
// Directories have none: other programs recognize them by the exact type.

// timeParam is the name of the parameter, in the format of MetaMtime.
const timeParam = "mtime"

// TimeOfType returns the modification time in a content type.
func TimeOfType(contentType string) (time.Time, bool) {
	_, value := cutTime(contentType)
	t, err := ParseSeconds(value)
	return t, err == nil
}

// cutTime returns a content type without the parameter of the time, and its value.
func cutTime(contentType string) (bare, value string) {
	kind, params, more := strings.Cut(contentType, ";")
	if !more {
		return contentType, ""
	}
	kept := []string{kind}
	for param := range strings.SplitSeq(params, ";") {
		key, v, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(key), timeParam) {
			value = strings.TrimSpace(v)
			continue
		}
		kept = append(kept, param)
	}
	return strings.Join(kept, ";"), value
}

// TimedType returns the content type for an object with metadata: with the time in the metadata if
// the configuration says so, or if the content type has a time that it replaces.
func (c *Client) TimedType(contentType string, meta map[string]string) string {
	bare, old := cutTime(contentType)
	mtime := meta[MetaMtime]
	if mtime == "" || IsDirectoryType(contentType) || old == "" && !c.store.config.TimeInType {
		return bare
	}
	return bare + ";" + timeParam + "=" + mtime
}
