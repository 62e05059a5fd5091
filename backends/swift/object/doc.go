// Package object reads and writes one object of Swift as a sequence of bytes, in any form in which
// it is stored: plain, or as a static or dynamic large object of many segments. It knows names of
// objects. It does not know paths, directories, links and old versions; a writer asks [Names] about
// them.
//
// # Reading
//
// A [vfs.File] is read by GETs of one object. A GET that breaks is resumed. GETs read ahead of the
// client, and the content is compared with the checksum that was stored with it.
//
// [Store.Open] makes the first GET, and [Store.NewReader] makes a [Reader] of it. Every further GET
// requires the version that was opened. If the object is replaced meanwhile, the client reads the
// old version to its end, or gets [vfs.ErrChanged].
//
// A [Reader] holds its bytes in blocks of a [buffers.Budget] that all sessions share. It gives back
// the blocks that the client has read and, when other transfers need the memory, those that it has
// read ahead.
//
// # Writing
//
// [Writers.Open] opens a [Writer]. [Large] finds the segments of large objects, [Uploads] finds
// interrupted uploads, and [Renames] finds interrupted renames. [Containers] knows the quotas and
// rights of the containers with segments.
//
// A file that fits into the first segment is one PUT at Commit. A larger file is sent in segments
// while it arrives, each from memory with length and ETag, and Commit is the PUT of the manifest of
// a static large object. Writer.segmentSize (writer.go) decides the size of a segment.
// Writer.sealForRoom (held.go) sends smaller segments when memory is short or the client has
// stopped sending. The segments are in
//
//	<container>_segments/<object>/<upload id>/<offset>-<sequence>
//
// Their names are the journal of the upload: any gateway can resume an interrupted upload of a new
// file (see [CutOff]). Before the PUT of the manifest nothing is visible under the name of the
// file, and no old object is changed. After it, the segments of the replaced version are deleted.
//
// When a part of a file is changed, the new manifest names the new segments and ranges of the old
// ones. A plain object is copied to a segment first, on Swift's side.
//
// Ceph's RadosGW accepts only manifests of whole segments, and does not return manifests. There,
// the segments of a file have a place of their own, as for a dynamic large object. The metadata
// X-Object-Meta-Filegate-Segments contains the place (see dlo.go, findsegments.go). The differences
// between stores are in [api.Abilities].
//
// If a store has no static large objects, the manifest is that of a dynamic one, over the same
// segments. With large_objects = "dlo" the manifest is always dynamic, and the segments are in the
// layout of sftp-cloudfs,
//
//	<container>/<object>.part/<upload id>/<offset>-<sequence>
//
// or in <object>_01.part/ and so on if sftp-cloudfs has already stored parts in <object>.part/. A
// dynamic large object consists of all objects that are listed below its prefix. To make these
// exactly the file, Commit sends parts of old segments again, copies whole ones on Swift's side,
// deletes segments that are not needed, and puts the manifest when Swift lists exactly the
// remaining ones.
//
// A file that arrives in order gets checksums of its whole content as metadata, in hex:
// X-Object-Meta-Filegate-Crc64 (CRC-64/NVME) always, and -Md5 and -Sha256 where they are configured
// and the ETag is not the same. A later change in place, which cannot compute the checksums,
// removes them. A download is compared with the CRC-64, else the SHA-256, else the MD5 of the file:
// the CRC-64 takes the least processor time, and the MD5 the most.
//
// The container for segments has the storage policy and the ACLs of the files' own container. Large
// files in a container that the login may write to but not read are dynamic large objects with
// their segments beside them.
//
// # Decisions
//
// A rename that moves segments to another name, and a rename of a directory, is recorded in the
// container for segments before it begins. The record is deleted after the rename (see [Renames]).
// Swift renames by a copy and a deletion; between the two, a large file has two names that use the
// same segments. Before segments are deleted, and after the file itself is gone, the unfinished
// renames are looked up, and segments that the other name uses are kept. Repeating the same rename
// completes it. The alternative was to mark the two objects. It would take a POST that changes the
// old object, and the next write would lose the marks. If two clients rename the same large file at
// the same moment, the client whose DELETE does not find the old name any more copies the segments.
// Two cases are not covered: a record that a delayed listing does not show yet, and two DELETEs
// that two servers of Swift execute within the same milliseconds.
//
// In a container that keeps versions, or has kept them, segments are never deleted. Finding the
// segments that no version uses would take a GET of the manifest of each version, and meanwhile
// another client could restore a version. So the container is checked each time before segments are
// deleted, and after the operation that no longer needs them. The result of an earlier check cannot
// be used, because a container may begin to keep versions at any moment. An archive that a
// container no longer has (X-Versions-Location, X-History-Location) cannot be found.
//
// The marker of an interrupted upload has no expiry time (X-Delete-After). Without the marker,
// filegate could not distinguish the segments from those of a renamed file, and with expiry times
// on the segments too, Commit would need a POST for each segment. The client that deletes the
// marker decides what happens to the segments, so Commit fails if the marker is gone.
//
// If the last request of a Commit was not answered, its segments are kept, even if a later HEAD
// does not find the new object: if one of Swift's servers has the manifest, the others get it
// later. An abandoned upload waits for the segments that are being sent before it deletes them,
// because Swift may store a segment whose request was cancelled.
//
// # Size
//
// The package has more files than most, because each has one subject. Reading and writing are not
// two packages: both need the layout of large objects, manifests, checksums and the names of
// segments, most of which would have to be exported. Writer has more methods than most types,
// because it is the open file: it takes the client's calls, and leaves memory to buffer, requests
// to uploader, and publishing to publisher.
package object
