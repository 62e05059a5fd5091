package swift

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

var _ vfs.PlaceFS = (*FS)(nil)

// Place implements [vfs.PlaceFS]. Without follow it makes no request: links are objects with
// objects as targets, so no directory of a path is a link.
func (f *FS) Place(ctx context.Context, p vfs.Path, follow bool) (vfs.Place, error) {
	if follow {
		end, err := vfs.LinkEnd(ctx, f, p)
		n, _ := f.locate(p)
		switch {
		case f.dropsInto(ctx, n, err): // a file that is put there replaces a link
		case err != nil:
			return vfs.Place{}, err
		default:
			p = end
		}
	}
	n, err := f.locate(p)
	if err != nil {
		return vfs.Place{}, err
	}
	place := vfs.Place{Path: f.plainest(n)}
	for _, of := range partOf(n) {
		place.Of = append(place.Of, f.plainest(of))
	}
	place.Kept = api.IsSegments(n.Container) || isArchived(n.Object)
	return place, nil
}

// plainest returns the one path that stands for a name, even if it has several.
func (f *FS) plainest(n api.Name) vfs.Path {
	p := vfs.Root
	if _, aliased := f.aliases[n.Container]; n.Account != "" || aliased && f.client.Account != "" {
		account := n.Account
		if account == "" {
			account = f.client.Account
		}
		p = p.Join(api.AccountMark + account)
	}
	if n.Container != "" {
		p = p.Join(api.EscapeElement(n.Container, true))
	}
	if n.Object == api.EmptyObject {
		return p.Join(api.EscapeMark)
	}
	if n.Object != "" {
		for e := range strings.SplitSeq(n.Object, "/") {
			p = p.Join(api.EscapeElement(e, false))
		}
	}
	return p
}

// partOf returns the names of the files that an object may be a part of: a file's versions are in
// ".versions", and its segments in a directory beside it or, with rclone, in ".file-segments".
func partOf(n api.Name) []api.Name {
	var all []api.Name
	for _, dir := range []string{versionsDir, rcloneSegmentsDir} {
		if rest, ok := strings.CutPrefix(n.Object, dir+"/"); ok && rest != "" {
			all = append(all, n.With(rest))
		}
	}
	elements := strings.Split(n.Object, "/")
	for i, e := range elements {
		if file, ok := cutPart(e); ok {
			all = append(all, n.With(strings.Join(append(slices.Clone(elements[:i]), file), "/")))
		}
	}
	return all
}

// rcloneSegmentsDir is the directory in which rclone puts segments in the container of their file.
const rcloneSegmentsDir = ".file-segments"

// cutPart returns the file of a directory of segments, which is named "FILE.part" or
// "FILE_01.part".
func cutPart(element string) (file string, ok bool) {
	file, ok = strings.CutSuffix(element, object.PartSuffix)
	if i := len(file) - len("_01"); ok && i > 0 && file[i] == '_' && isDigits(file[i+1:]) {
		file = file[:i]
	}
	return file, ok && file != ""
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// isArchived reports whether an object is named as an archive names old versions. The name does not
// show whether the container is an archive.
func isArchived(object string) bool {
	i := strings.LastIndexByte(object, '/')
	if i < 3 {
		return false
	}
	length, err := strconv.ParseUint(object[:3], 16, 12)
	_, timeErr := api.ParseSeconds(object[i+1:])
	return err == nil && timeErr == nil && strings.ContainsRune(object[i+1:], '.') && int(length) == i-3
}
