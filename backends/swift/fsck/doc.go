// Package fsck searches the account of a login for errors: segments that belong to no file, files
// whose segments are missing, rows of listings without an object, and uploads and renames that were
// interrupted. It repairs what can be repaired without a risk.
//
// The package does not know paths and sessions. What segments, markers and records look like is
// known by package object.
//
// # Order
//
// A segment belongs to no file if no manifest of the account names it. So the whole account is read
// before a segment is judged, in an order in which a file that is written, renamed or removed
// meanwhile cannot lose its segments:
//
//  1. The markers of uploads are read. An upload has a marker from before its first segment until
//     just before its manifest, so an upload that ends during the search is known by its marker.
//  2. All objects are looked up by a HEAD, and the manifests are read.
//  3. The containers are listed again, and every object that is newer than the beginning of the
//     search is read again: a file that was renamed during step 2 is new under its new name.
//  4. The segments are listed. Segments that are younger than the age are not judged: other programs
//     have no markers, and neither has a change of an existing file. The age counts for all segments
//     of an upload, from the youngest of them.
//  5. Before a group of segments is reported, the marker and the file after which the group is named
//     are looked up again.
//
// The search of one container reads the others too, but only if it has found segments that no file of
// this container uses: the segments of a file that was moved stay where they were.
//
// Not covered: a large file that was renamed, or moved to a container that was created, more than
// listingMargin ago and that the storage still does not list.
//
// # Decisions
//
// Every object gets a HEAD. A listing shows neither a dynamic large object nor an object that is
// gone, and clusters that were upgraded list old static large objects as plain objects. The
// alternative, HEADs for small objects only, would call the segments of such files unused.
//
// The set of the segments in use is a [seen], which has a fixed size, and which may call an unused
// segment used but not the other way round. Everything else is counted, or kept up to a limit, so
// the memory does not grow with the account.
//
// Nothing is stored between two runs: a run that was ended is begun again, and repairs that it made
// need not be made again. A stored state would be out of date when it is used.
//
// If an object or a container cannot be read, no segment is judged, because the object may be a
// manifest. If a row has no object or another one, or a nested manifest is missing, segments are
// reported but not deleted, because in a cluster with servers that are down the object may come back.
//
// Only filegate's own segments are deleted. Those of other programs are reported: these have no
// markers, so nothing shows that an upload has ended. Rows without an object are reported and not
// deleted for the reason above. Swift has no conditional DELETE, so a file that gets the name at
// this moment would be lost.
//
// The suite is in package swift: TestFsckHealthy, TestFsckFinds and others.
package fsck
