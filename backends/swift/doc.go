// Package swift stores files in OpenStack Swift, and in Ceph RadosGW as far as RadosGW is
// compatible. It is a backend: it returns a vfs.FS for each login, which uses the storage URL and
// the token of the login.
//
// The package does not check logins. It does not know users, permissions, sessions or the protocols
// of clients. It translates paths into names of objects, and implements directories, links, old
// versions and renames. Packages below it read and write single objects (object), list with recent
// changes (listing), and send requests (api).
//
// # Names
//
// The path "/" is the account of the login, "/c" is a container, and "/c/a/b" is the object "a/b"
// in it. A directory is an object of type application/directory (parameters of the type are
// ignored), an object "name/", or a prefix of other names. Mkdir creates an object of that type.
//
// A directory exists until it is removed: before an entry of a prefix is removed, the prefix gets
// an object of its own (keepParent). A new name needs an existing directory (see parent.go); with
// implicit_directories, missing directories are created. If a file and a prefix have the same name,
// Stat and the listing of the parent show the file. The entries below the name can be reached by
// their own paths, and List lists them.
//
// Some names in Swift cannot be elements of a path. They are shown with a percent sign in front
// (see api/escape.go): an empty element (in "a//b" or "/b") as "%", "." as "%.", ".." as "%..", and
// a container "@x" as "%@x". A name that looks like one of these gets one more percent sign. "%."
// and "%.." are listed but cannot be used (see api/dots.go). An object "d/" with content is the
// file "%" in d. Control characters are part of names.
//
// Swift accepts only names in UTF-8. Other bytes of a client's name are stored as "‛E9": the mark
// U+201B, which no keyboard has, and two hex digits, as rclone stores them. Clients get the
// original bytes back. See vfs.EscapeBytes.
//
// "/@ACCOUNT" is another account of the same cluster, with its containers below it. An alias in the
// configuration stands for an account or a container, and hides a container of the same name. Both
// use the storage URL of the login, with the name of the other account in it. If the login may not
// read a container of another account, the container does not exist for it. If Swift does not list
// an account, its containers can still be entered by name.
//
// If a container keeps versions (X-Versions-Enabled, X-Versions-Location, X-History-Location),
// "/c/.versions/a/b" is the directory of the versions of "/c/a/b", whether that file was deleted or
// not. Each version is a file named by its time, such as 2026-11-25T12-30-41.12345Z. "/c/.versions"
// can be entered by name, and is listed only with show_versions. Nothing in it can be changed.
// Renaming a version to the path of its file restores it, and the version stays. Deletions and
// versions of directories are not shown. With X-Versions-Enabled, the versions include the current
// version; in an archive they do not. An archive that several containers share shows the versions
// of all of them. A directory of more than 100,000 names in an archive may show some names twice.
// With X-Versions-Enabled, Swift lists versions to every login that may list the container, but
// only the owner of the account can read them. An object whose own name begins with ".versions/"
// cannot be reached in a container that keeps versions.
//
// A symbolic link is one of Swift's own, static or not. A GET of a link returns its target, so
// reading through a link costs nothing more. Writing, SetAttrs and Copy act on the target, even if
// the target does not exist yet: a PUT to the name of the link would replace the link. Remove and
// Rename act on the link. The rename of a directory moves its links, and they keep their targets. A
// link is listed with Swift's time of the link. Its target must be an object: Swift has no links to
// directories or containers. In a container that keeps versions links are refused, because there
// each file is a link of Swift's own. If the target becomes a directory later, the link is broken.
// Swift follows at most two links in a row. Readlink returns the target as a path of this package,
// "/@ACCOUNT/…" in another account, whether the login may read it or not.
//
// # Writing
//
// Package object writes files: a small file is one PUT at Commit. A larger one is sent in segments
// while it arrives, and Commit puts the manifest that makes them a file. Before that nothing is
// visible under the name of the file, and an old file is not changed.
//
// If the login may write to a container but not read it (see isDropBox), files are put without
// checking whether the name exists.
//
// # Listings
//
// All listings, including those that a rename or a removal makes, include the recent changes of all
// gateways (package listing).
//
// A row of a listing may still be there after its object has gone. The row is hidden if a HEAD has
// found no object, and Remove removes it (see clearGhost). No listing makes HEADs only to find such
// rows.
//
// Swift lists a dynamic large object with the size of its manifest, which may be any. Without
// list_times, a HEAD is made only for small files, once for each version: a row of a manifest looks
// like that of a file, and HEADs for all files are what the option is to avoid. Without list_times,
// a manifest that is larger than maxManifestBytes is therefore listed with its own size.
//
// A listing for a client is streamed: while the client reads a page, the next page is fetched
// (listing.Pager). The attributes of an entry that only a HEAD shows are cached by the version that
// is listed (attrCache), or by the gateway that has stored them (storedAttrs). With list_times =
// "type" the time is also in the content type, which is listed.
//
// # Freshness
//
// An answer to a client is never older than any answer that a client of any gateway got before the
// request. These answers may be from before the request:
//
//   - An open file is the version that it was opened with: each further GET has If-Match, or the
//     ETag of its answer is compared.
//   - A prefetched file (prefetcher) is used if no change of its name has been noted since it was
//     opened, by this process (changeTimes) or by another gateway, and the write log has been
//     complete since then. A gateway that cannot write a change to the log answers its client only
//     when no gateway holds any older prefetched file (listing.View.Watch).
//   - "The name is free" (isFree, surroundings) may come from a listing of up to a second ago, for
//     a client that is about to create the file, if the log has no change of the name and all
//     caches have answered. Otherwise a HEAD is made. Not covered: a gateway that reached Swift but
//     not the cache, and a cache that has lost the change. Then the request that creates the file
//     finds that the name is taken.
//   - The result of a recent lookup (recall) is used only for a file that is about to be replaced
//     as a whole: the request that publishes the new file has If-None-Match, or replaces any object
//     of that name.
//   - Listings are Swift's, merged with the write log (package listing). A lost entry of the log
//     hides one change for as long as Swift's listing lags.
//   - Attributes (attrCache) are cached by the hash and time of a version: another version has
//     another key.
//   - "There is no interrupted upload" is an answer of up to two seconds ago. No client was told
//     that such an upload is stored.
//
// These requests may be carried out after the client got an answer:
//
//   - The answer was lost: a HEAD then shows the content and the time that were put (package
//     object). The same content with the same time counts as the same file, no matter which client
//     put it.
//   - Swift answers 202 to an upload, or 409 to a DELETE or POST: it already has a later version.
//     The request is repeated until it is the latest (api.Overtaken).
//   - An upload was given up and arrives later: Swift gave it its time before it was given up, so
//     the next upload has a later time; or its body is never sent (api/fence.go). A manifest gets
//     its time after its body. A late manifest is refused, because its segments were deleted when
//     it was replaced, unless the later version shares them.
//   - The same with a new file: its If-None-Match finds that the name is taken. If the file is
//     removed or renamed before the late upload arrives, this is covered only for 15 minutes after
//     a request without an answer.
//   - A DELETE, COPY or POST was given up: not covered. Swift carries them out without a condition.
//     They are given up after stall_timeout (a COPY after api.copyTimeout), and something that
//     delays a request for longer can deliver it late.
//   - A body is sent although Swift has not asked for it: not covered. Something between filegate
//     and Swift answers "100 Continue" in Swift's place, or removes it.
//
// All guesses that save a request are methods of one type, guesses (guess.go).
//
// TestStorm searches for answers that break these rules.
//
// # Renames
//
// The rename of a file is move.file (rename.go): it copies the object within Swift and deletes the
// old name. For a large file it copies only the manifest, and the segments stay where they are.
// [object.Renames] records the rename of a large file first, so that an interrupted rename can be
// completed. The rename of a directory is move.dir (renamedir.go).
//
// # Requests
//
// What each operation costs; a file that is plain unless said otherwise:
//
//	stat             1 HEAD, for the account and a container too. If the name has no object, 1
//	                 listing of one entry more; if nothing is there at all, another for
//	                 interrupted uploads, at most every two seconds for a container. For a client
//	                 that creates each name that it asks for, the answer "the name is free" takes
//	                 no request, except 1 listing a second. If Swift is 20 ms away or more, these
//	                 requests are sent at once, unless their answers are known, and so are the
//	                 requests by which an operation finds a new name free: then a file that exists
//	                 takes 1 listing more, at most 8 times in a row in a session, and a free name
//	                 takes 1 round trip
//	lstat            as stat; for a link 1 HEAD more. readlink: 1 HEAD
//	list             1 GET for each page, 1 more if the last page is longer than any page that the
//	                 store has returned before (see listing.PageSizes), and a HEAD for each file,
//	                 and each directory with an object, whose listed version is not cached, 32 at
//	                 a time, at most list_times_limit, and for at most list_times_wait; none for a
//	                 file whose content type has its time, with list_times = "type". Account: 1 HEAD for each container,
//	                 every five minutes, for at most 256. Without list_times: HEADs only for files
//	                 of up to 256 bytes (they may be manifests); for empty files beyond the limit
//	                 too. 1 HEAD more, once, for each change that the listing does not include
//	                 yet, and 1 listing of one entry for a prefix below which something was
//	                 deleted. 1 listing more for each directory NAME.part that no manifest before
//	                 it explains
//	fetch            what stat takes, and 1 GET. For the second and later files that a client asks
//	                 for and opens at once: only the GET
//	read             1 GET from the start to the end, and 1 more for each jump of the client. For
//	                 32 MiB and more that have a checksum, or if one GET is slower than the client
//	                 and several at once are faster: 1 GET for each read_ahead. Small reads out of
//	                 order: 1 GET for each 32 KiB
//	write            what stat takes when the file is opened; 1 PUT at Commit. To replace a file
//	                 that the client has just asked for, or created, takes nothing at opening, and
//	                 neither does a new file from the third in a directory on, except 1 listing a
//	                 second (if names come in no order, or less than one a second: as the first
//	                 two, and 1 listing for every 64). In a directory that was just created this
//	                 holds from the first file on. 1 HEAD before the PUT if a large file is there,
//	                 or a file that was asked for more than a second ago; 2 requests more if the
//	                 name of a new file is taken meanwhile. Large: 1 PUT for each segment and 1
//	                 for the manifest, 1 HEAD of the container (for its quota, and for rights that
//	                 the segments get), 1 HEAD of the container for segments by the first file of
//	                 a session and every five minutes, and 2 more at Commit if there is a quota.
//	                 Large and new: 1 PUT and 1 DELETE of the marker. Over a large file: 1 GET of
//	                 its manifest, and after Commit 1 listing (of unfinished renames), 1 HEAD of
//	                 the container (it may keep versions) and 1 bulk delete of its segments, and
//	                 if the new file is small 1 HEAD of the container for segments. For each
//	                 container, 1 listing more an hour (of abandoned uploads). Dynamic: 1 listing
//	                 before the manifest, and in the old layout 1 at opening, unless the file is
//	                 known to be small. A new file in a directory that the session has not seen
//	                 for 10 seconds: 1 HEAD more, and 1 listing of one entry if the directory is a
//	                 prefix; this holds for mkdir, symlink, rename and copy too. With
//	                 implicit_directories, that for each directory above, and 1 PUT for each
//	                 missing one
//	mkdir            what opening a new file takes, 1 PUT; a container: 1 HEAD, 1 PUT
//	rmdir            1 HEAD, 1 listing, 1 DELETE; a container: 1 DELETE, and 1 HEAD of its
//	                 container for segments. At most every two seconds for a container 1 listing
//	                 more (of interrupted uploads). If the directory is not empty: 1 listing more,
//	                 and 1 HEAD for each row that has no object, and for the first that has one
//	set time, mode   1 HEAD, 1 POST; a directory that is only a prefix: 1 HEAD, 1 listing, 1 PUT;
//	                 attributes that are not kept: 1 HEAD; a small file that the same session has
//	                 just written: no HEAD
//	space            1 HEAD of the account and 1 of the container; if the container has a quota, 1
//	                 of the container for segments
//	symlink          1 HEAD of the container, what stat takes for the new name and for the target,
//	                 1 PUT
//	remove           1 HEAD, 1 DELETE; for the first entry that a session removes from a directory
//	                 (also by rmdir and rename) 1 HEAD more, and another and 1 PUT if the
//	                 directory is a prefix, each minute. Large: 1 GET of the manifest, 1 listing,
//	                 1 HEAD of the container, 1 bulk delete and 1 HEAD of the container for
//	                 segments more, and 1 DELETE of that container with the last file. A missing
//	                 file: 1 listing more than stat takes (there may be a row without an object)
//	rename           1 HEAD, what stat takes for the new name, 1 COPY, 1 DELETE. Large, at any
//	                 size: 1 listing, and 1 PUT and 1 DELETE of the record more; over a file 1 GET
//	                 of the manifest; to another container 1 HEAD of that container. A directory:
//	                 what a large file takes, 5 listings of the directory, 1 COPY and 1 DELETE for
//	                 each entry, 8 at a time; before that 1 HEAD for each entry whose attributes
//	                 are not cached, 32 at a time, and 1 GET of each manifest; and 1 PUT and 1
//	                 DELETE for each interrupted upload
//	copy             1 HEAD, what stat takes for the new name, 1 COPY. More than a segment: 2
//	                 HEADs more, for the quota. A static large object, and more than 5 GiB: in
//	                 place of the one COPY, 1 GET of the manifest, 1 COPY for each segment, 8 at a
//	                 time, and 1 PUT of a manifest
//
//	versions         stat and open: 1 HEAD, 2 if the version is from before versions were kept; a
//	                 directory: 1 or 2 listings more. list: 1 GET for each page and at least 2,
//	                 and HEADs as in list; in an archive up to 2 more for each length of names.
//	                 rename to its file: 1 HEAD, 1 HEAD of the file, and 1 PUT or COPY; to another
//	                 name: as copy. 1 HEAD of the container more, every five minutes, and for each
//	                 path below a ".versions" in a container that keeps no versions. With
//	                 show_versions, each list of a container makes that HEAD too
//
//	metadata, expiry to read: what stat takes; to change: 1 POST more; the expiry of a large file:
//	                 1 HEAD of the container, 1 GET of the manifest and 1 POST for each segment, 8
//	                 at a time. A container: 1 HEAD or 1 POST, and for its access lists 1 POST of
//	                 its container for segments
//	temporary URL    what stat takes, 1 HEAD of the account, and 1 of the container if the account
//	                 has no key
//
// The first use of a store takes 1 HEAD more (a proxy may rewrite paths), and 1 GET of /info, which
// is repeated each hour.
//
// With storage_policy, there is 1 HEAD of each container more, every five minutes. If any answer
// shows the owner the rights of a container that is shared with others, there is 1 HEAD of the
// container for segments more, for each session and every five minutes, and 1 POST if the rights
// there differ.
//
// # Decisions
//
// The decisions about segments, and about renames that move them, are in package object.
//
// A directory is moved entry by entry: each entry is complete at its old name or at its new one. If
// the segments of a manifest are in the directory itself (the layout of sftp-cloudfs), the file
// gets content of its own before they are moved. A HEAD for each entry finds the manifests: a
// listing shows a manifest with bytes of its own like any other file, and to rely on the listing
// would lose the file. Entries that cannot be moved stay, with the segments that they need; to stop
// at the first of them would leave the rest at the old name for good.
//
// The names of versions have hyphens in place of the colons of times, because Windows permits no
// colon in a file name. They are not Swift's seconds, which people cannot read as a date. They do
// not have the extension of the file: to open a version by its extension, copy it first.
//
// Versions are restored by rename. A copy works too, but clients that copy send all bytes through
// themselves. The rename leaves its source, because a version cannot be taken away: Swift itself
// keeps it.
//
// Lstat makes the same requests as Stat, and one more for the link itself only if there is one. To
// request the link at once (symlink=get) would be one request for a link too, but in containers
// that keep versions it would be two for every file, because there Swift shows the link to the
// version.
//
// If Swift is near, Stat requests the listing only after the HEAD has returned 404: clients ask
// mostly for files, and a listing for each would be useless. If Swift is far (see askBeside), the
// round trip matters more. Then Stat sends both at once, but only if the name may be unused (a
// client that removes, moves or reads a file has seen it), and not in a session whose latest 8 such
// listings were useless.
//
// Listings are not cached: changes made directly in Swift would stay hidden for as long, and
// because Stat is a HEAD, no client needs the same listing twice in a row. The one exception is the
// question whether a name is free: a client that puts many small files into a directory must not
// cause a listing for each. For one second the answer may come from a listing of the names around
// it (surroundings), or from a lookup of the same session (recall). If the answer is wrong, the
// file is still safe: a new file is put with If-None-Match. If that finds an object, it is looked
// up and replaced, unless it is a directory. One case remains: another program creates a directory
// without an object of its own, past all gateways, within that second. The file then gets the same
// name as the directory, as if the directory had been created a second later.
//
// Clients that upload one file after another ask for each name before they create it, and overwrite
// existing files. For such a client, "the name is free" may come from such a listing too, unless
// the write log has a change of the name: a HEAD for each file would take a third of the time of
// small files. For all other clients, Stat is a HEAD.
//
// If a client opened the last file right after it asked for it, its next question is answered by a
// GET, and the body waits a fifth of a second for the client to open the file: FTP and SFTP clients
// that download many files ask for each, up to twice. If the client does not open the file, a
// connection to Swift is lost, and the next question is a HEAD again.
//
// The suite of the contract is core/vfs/vfstest. It runs here against our own fake (package
// swifttest) and, if the environment names one, against a real Swift.
//
// # Size
//
// FS has many more methods than other types. It implements vfs.FS and its optional interfaces, and
// paths, links, old versions and directories all need what one login knows about its containers and
// its recent requests. Parts that need less are types of their own (guesses, lister, move,
// leftovers) or packages of their own (api, listing, object).
package swift
