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

// Place implements [vfs.PlaceFS]. Without follow it makes no request: links lead from objects to
// objects, so that there are none on the way.
func (f *FS) Place(ctx context.Context, p vfs.Path, follow bool) (vfs.Place, error) {
	if follow {
		end, err := vfs.LinkEnd(ctx, f, p)
		n, _ := f.locate(p)
		switch {
		case f.dropsInto(ctx, n, err): // what is put there takes the place of a link
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

// plainest is the one path that stands for a name, whatever others there are.
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

// contentOf returns the names of which an object may hold the content: a file's versions lie in
// ".versions", its segments in a directory beside it or, as rclone has it, in ".file-segments".
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

// rcloneSegmentsDir is where rclone puts segments that are to lie in the container of their file.
const rcloneSegmentsDir = ".file-segments"

// cutPart returns the file that a directory of segments is named after: "FILE.part", or
// "FILE_01.part".
func cutPart(element string) (file string, ok bool) {
	file, ok = strings.CutSuffix(element, object.PartSuffix)
	if i := len(file) - len("_01"); ok && i > 0 && file[i] == '_' && isDigits(file[i+1:]) {
		file = file[:i]
	}
	return file, ok && file != ""
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// isArchived reports whether an object is named as the archive of a container names old versions.
// Of which container it is, the name does not tell.
func isArchived(object string) bool {
	i := strings.LastIndexByte(object, '/')
	if i < 3 {
		return false
	}
	length, err := strconv.ParseUint(object[:3], 16, 12)
	_, timeErr := api.ParseSeconds(object[i+1:])
	return err == nil && timeErr == nil && strings.ContainsRune(object[i+1:], '.') && int(length) == i-3
}
