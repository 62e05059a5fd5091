package swift

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// TestSegmentPlaces has files whose segments other programs keep at the top of the same container:
// these directories are not listed with hide_segments, can be reached by their names, and are empty
// after the files are removed.
func TestSegmentPlaces(t *testing.T) {
	w := newWorld(t, 100)
	f := w.fake(w.gateway(t))
	for _, place := range []string{".segments", ".file-segments"} {
		file := "file" + place
		putRaw(t, f.FS, place+"/"+file+"/u/1", "one", nil)
		putRaw(t, f.FS, place+"/"+file+"/u/2", "two", nil)
		manifest := strings.NewReplacer("PLACE", place, "FILE", file).Replace(
			`[{"path": "/c/PLACE/FILE/u/1"}, {"path": "/c/PLACE/FILE/u/2"}]`)
		_, err := f.client.Send(t.Context(), api.Request{
			Method: http.MethodPut, Target: api.Name{Container: "c", Object: file}, Query: url.Values{"multipart-manifest": {"put"}},
			Body: strings.NewReader(manifest), Length: int64(len(manifest)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	putRaw(t, f.FS, "d/.segments/a", "nobody's segment", nil)

	sees(t, f, "/c", "files and directories, without the places of segments", "d/", "file.file-segments", "file.segments")
	sees(t, f, "/c/.segments/file.segments/u", "segments by their path", "1", "2")
	sees(t, f, "/c/d", "a directory of such a name that is not at the top", ".segments/")
	f.has(t, "/c/file.segments", []byte("onetwo"), "the content of the segments")
	w.change = func(c *Config) { c.HideSegments = false }
	sees(t, w.gateway(t), "/c", "with hide_segments = false, all",
		".file-segments/", ".segments/", "d/", "file.file-segments", "file.segments")

	f.mustWrite(t, "/c/file.file-segments", []byte("new"))
	if err := f.Remove(t.Context(), "/c/file.segments"); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{".segments", ".file-segments"} {
		for _, object := range f.objectsIn(t, "c") {
			if top, _, below := strings.Cut(object, "/"); below && (top == ".segments" || top == ".file-segments") {
				t.Errorf("%s: %s is left after its file was replaced or removed", place, object)
			}
		}
	}
	statOn(t, []*FS{f.FS}, "/c/.segments", vfs.ErrNotExist)
}
