package convert

import "fmt"

// backendOptions are the options that decide how files are stored.
var backendOptions = []string{"storage-policy", "split-large-files", "hide-part-dir", "insecure"}

// The sizes of segments.
const (
	kib         = 1 << 10
	megabyte    = 1_000_000
	blockSize   = 256 * kib // segments are multiples of it
	mostSegment = 64 << 20  // the largest size that a conversion sets
	mostSplit   = 5000      // megabytes: Swift takes objects of up to 5 GiB
)

// backend writes the storage.
func backend(w *writer, b block) {
	w.open(fmt.Sprintf("backend \"swift\" %q", b.name))
	defer w.close()
	w.note("The old servers created files in directories that did not exist. With false, that is an error, as on other servers.")
	w.set("implicit_directories", true)
	if v := b.get("storage-policy"); v != "" {
		w.set("storage_policy", v)
	}
	insecure(w, b.Old, false)
	segments(w, b)
	if !b.yes(w, "hide-part-dir", false) {
		w.note("The old servers listed the parts of large files, unless hide-part-dir was set. Remove this line to hide them.")
		w.set("hide_segments", false)
	}
}

// segments writes the size of segments.
func segments(w *writer, b block) {
	split, ok := b.number(w, "split-large-files", mostSplit)
	if !ok || split == 0 {
		w.note("The old server did not split large files, and could store none over 5 GB. Filegate splits files larger than segment_size, whose default is 16MiB.")
		return
	}
	blocks := (int64(split)*megabyte + blockSize - 1) / blockSize
	size := blocks * blockSize
	if size > mostSegment {
		w.note("split-large-files = %d in %s, in MB, is too large for segment_size: the old server passed parts on as they came, but filegate holds a segment in memory until it is stored, and several for each upload.", split, b.file)
		size = mostSegment
	} else {
		w.note("split-large-files = %d in %s, in MB, as a multiple of 256 KiB.", split, b.file)
	}
	unit, name := int64(kib), "KiB"
	if size%(kib*kib) == 0 {
		unit, name = kib*kib, "MiB"
	}
	w.set("segment_size", fmt.Sprintf("%d%s", size/unit, name))
	w.note("Filegate reads the large files of the old servers, and stores its own as static large objects. large_objects = \"dlo\" stores them as the old servers did, in FILE.part/: only for a time in which both serve the same containers.")
}
