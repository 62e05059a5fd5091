// Package object reads and writes one object of Swift as bytes, in whatever form it is stored: plain, or
// as a static or dynamic large object of many segments. It knows names of objects and nothing of paths,
// directories, links and old versions: what a writer must know of them it asks [Names].
//
// # Reading
//
// A file of [vfs] is read over the GETs of one object, which are taken up where they break, run ahead of
// the client, and are compared with the checksum that the object was written with.
//
// [Store.Open] makes the first GET, and [Store.NewReader] a file of it. Every further GET asks for the
// version that was opened: an object that was replaced meanwhile is read to its end as it was, or
// fails with [vfs.ErrChanged].
//
// A [Reader] holds its bytes in blocks of a [buffers.Budget] that all sessions share. It gives back what
// the client has had, and what it runs ahead with when others need the memory.
//
// # Writing
//
// [Writers.Open] opens a [Writer]. [Large] knows of which segments large objects consist, [Uploads]
// which uploads were cut off, [Renames] which renames were, and [Containers] the quota and the rights of
// the containers that segments lie in.
//
// A file that fits into the first segment is one PUT at Commit. A larger file is sent in segments
// while it arrives, each from memory with length and ETag, and Commit is the PUT of the manifest of
// a static large object. The segments lie in
//
//	<container>_segments/<object>/<upload id>/<offset>-<sequence>
//
// Their names are the journal of the upload: any gateway can go on with an upload of a new file
// that was cut off (see [CutOff]). Before the PUT of the manifest nothing is visible under the name
// of the file, and nothing old is touched. After it, the segments of the replaced version are
// deleted.
//
// When a part of a file is changed, the new manifest names ranges of the old segments beside the
// new ones. A plain object is copied to a segment first, on Swift's side.
//
// Where Swift has no static large objects, the manifest is that of a dynamic one, over the same
// segments. With large_objects = "dlo" it always is, and the segments lie in the layout of
// sftp-cloudfs,
//
//	<container>/<object>.part/<upload id>/<offset>-<sequence>
//
// or in <object>_01.part/ and so on where an older layout has its parts already. A dynamic large
// object is whatever is listed below its prefix. So that this is the file and nothing else, Commit
// sends parts of old segments again, copies whole ones on Swift's side, deletes segments that are
// not needed, and puts the manifest when Swift lists exactly the rest.
//
// A file that arrives in order gets checksums of its whole content as metadata, in hex:
// X-Object-Meta-Filegate-Crc64 (CRC-64/NVME) always, and -Md5 and -Sha256 where they are configured
// and the ETag is not the same. A later change that does not know the checksums removes them. A
// download is compared with the CRC-64, else the SHA-256, else the MD5 of the file: they cost
// processor time in this order.
//
// The container for segments has the storage policy and the ACLs of the files' own container. Large
// files in a container that the login may write to and not read are dynamic large objects with their
// segments beside them.
//
// # Decisions
//
// A rename that moves segments to another name, or a directory, is written down in the segments
// container before it begins and crossed out after it (see [Renames]). Swift renames by a copy and a
// deletion, and between the two a large file has two names that stand for the same segments.
// Whoever deletes segments looks up the unfinished renames, after the file itself is gone, and
// leaves those that the other name stands for; the same rename, repeated, goes on. Marking the two
// objects instead would be a POST that changes the old one, and the marks would be lost by the next
// write. Of two clients that give the same large file different names at the same moment, the one
// whose DELETE does not find the old one any more copies the segments. What is left open: a record
// that a listing does not show yet because it lags, and two DELETEs that two servers of Swift's
// carry out within the same milliseconds.
//
// In a container that keeps versions, or once did, segments stay for good. To find out which of
// them no version names would be a GET of every manifest among the versions, and somebody else's
// restoring could come in between. So whoever deletes segments asks the container first, after the
// deed, and each time: a container begins to keep versions at any moment, and what was looked up
// before would be worth nothing. Of an archive that a container had (X-Versions-Location,
// X-History-Location) and has no longer, nobody knows.
//
// The marker of an upload that was cut off does not end by itself (X-Delete-After): without it
// nobody would know what its segments are, and to give each segment an end would be a POST for each
// at Commit. Whoever deletes the marker decides over the segments, so Commit does not go on without
// it.
//
// The segments of a Commit whose last request was not answered stay, whatever a HEAD says
// afterwards: where one of Swift's servers has the manifest, the others get it later. An upload
// that is given up waits for the segments under way before it deletes them, since Swift may have
// stored what nobody waited for.
package object
