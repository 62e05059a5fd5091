// Package swift stores files in OpenStack Swift, and in Ceph RadosGW as far as it is compatible. It
// is a backend: a vfs.FS for each login, on the storage URL and with the token of the login.
//
// The package does not check logins, and does not know users, permissions, sessions and protocols
// of clients. It turns paths into names of objects, and implements directories, links, old versions
// and renames. Packages below it read and write single objects (object), list with recent changes
// (listing), and send requests (api).
//
// # Names
//
// The path "/" is the account of the login, "/c" is a container, and "/c/a/b" is the object "a/b"
// in it. A directory is an object of type application/directory (parameters do not matter), an
// object "name/", or a prefix that other names begin with. Mkdir makes an object of that type.
//
// A directory stays until it is removed: before the last entry of a prefix goes, the prefix gets an
// object of its own. A new name needs a directory to be in (see parent), unless
// implicit_directories makes it. Where a file and a prefix have the same name, Stat and the listing
// of the parent show the file. What lies below it is reached by its own path, and listed by List.
//
// Some names in Swift cannot be elements of a path. They are shown with a percent sign in front
// (see escape): an empty element (of "a//b", or of "/b") as "%", "." as "%.", ".." as "%..", and a
// container "@x" as "%@x". A name that looks like one of these gets one percent sign more. "%." and
// "%.." are listed and cannot be used (see dots). An object "d/" with a content is the file "%" in
// d. Control characters are part of names.
//
// Swift has only names in UTF-8. Other bytes of a client's name are stored as "‛E9": the mark
// U+201B, which no keyboard has, and two digits, as rclone stores them. Clients get back the bytes.
// See vfs.EscapeBytes.
//
// "/@ACCOUNT" is another account of the same cluster, with its containers below it. An alias of the
// configuration is the account or container that it stands for, and hides a container of the same
// name. Both are reached at the storage URL of the login, with the name of the other account put
// in. A container of another account that the login may not read does not exist for it. Where Swift
// does not list an account, its containers can still be entered by name.
//
// Where a container keeps versions (X-Versions-Enabled, X-Versions-Location, X-History-Location),
// "/c/.versions/a/b" is the directory of the versions of "/c/a/b", deleted or not. Each version is
// a file named by its time, as 2026-11-25T12-30-41.12345Z. "/c/.versions" can be entered by name,
// and is listed only with show_versions. Nothing in it can be changed. To rename a version to the
// path of its file restores it, and the version stays. Deletions are no versions, nor are
// directories. With X-Versions-Enabled the current version is among the versions, in an archive it
// is not. An archive that several containers share shows the versions of all of them; a directory
// of more than 100,000 names in it may show some names twice. Swift gives versions by
// X-Versions-Enabled only to the owner of an account. An object whose own name begins with
// ".versions/" is not reached in such a container.
//
// A symbolic link is one of Swift's own, static or not. A GET of a link answers with its target, so
// reading through a link costs nothing more. Writing, SetAttrs and Copy act on the target, also
// where nothing is there yet: a PUT to the name of the link would replace the link. Remove and
// Rename act on the link. The rename of a directory takes its links along, and they still lead to
// the same targets. A link is listed with Swift's time of it. Its target must be an object: Swift
// has no links to directories or containers. In a container that keeps versions links are refused,
// since each file is a link of Swift's own there. Where the target becomes a directory later, the
// link leads to nothing. Swift follows two links in a row. Readlink returns the target as a path of
// this package, "/@ACCOUNT/…" in another account, whether the login may read it or not.
//
// # Writing
//
// Package object writes files: a small one is one PUT at Commit, a larger one is sent in segments
// while it arrives, and the manifest that Commit puts makes them the file. Before that nothing is
// visible under the name of the file, and nothing old is touched.
//
// In a container that the login may write to and not read (see isDropBox), files are put without a
// look at what is there.
//
// # Listings
//
// All listings, also those of a rename or a removal, have what gateways have changed a moment ago
// laid over them (package listing).
//
// A row of a listing may have outlived its object. It is hidden where a HEAD has shown that, and
// Remove clears it (see clearGhost). No listing makes HEADs only to find such rows.
//
// Swift lists a dynamic large object with the size of its manifest, which may be any. Without
// list_times only small files are asked for by a HEAD, once for each version: no row tells a
// manifest from a file, and to ask for all files is what the option is to save. A manifest with a
// larger content is listed with the size of that.
//
// A listing for a client is streamed: while the client reads a page, the next is fetched
// (listing.Pager). What only a HEAD tells of an entry is kept by the version that is listed
// (attrcache).
//
// # Freshness
//
// What a client is told is never older than what any client of any gateway was told before it
// asked. These are the answers that may have been made before the question:
//
//   - A file that is open is the version that it was opened with: every further GET has If-Match,
//     or compares the ETag of the answer.
//   - A body held ready (ahead) is used where no change is noted since it was opened, by this
//     process (changeTimes) or by another gateway, and the list of changes has been kept meanwhile.
//     A gateway that cannot note a change tells its client only when no gateway holds anything any
//     more that was opened before it (listing.View.Watch).
//   - That a name is free (isFree, surroundings) is told by a listing of up to a second ago, to a
//     client that is about to make the file, where no change of the name is in the log and all
//     caches have answered. Else a HEAD tells. Not covered: a gateway that reached Swift and not
//     the cache, and a cache that has lost the change. Then the request that makes the file finds
//     the name taken.
//   - What was there a moment ago (recall) is used only for a file that is about to be replaced as
//     a whole: the request that publishes the new one has If-None-Match, or replaces whatever is
//     there.
//   - Listings are Swift's, with the write log laid over them (package listing). A lost entry of
//     the log hides one change for as long as Swift's listing is behind.
//   - Attributes (attrCache) are kept by hash and time of a version: another version has others.
//   - "No cut-off uploads" is an answer of up to two seconds ago. Nobody was told that such an
//     upload is stored.
//
// And these are the requests that may be carried out after their answer:
//
//   - An answer was lost: a HEAD shows the content and the time that were put (object). The same
//     content with the same time is the same file, whoever put it.
//   - Swift answers 202 to an upload, or 409 to a DELETE or POST: it has a later version already.
//     The request is made again, until it is the latest (overtaken).
//   - An upload was given up and arrives later: Swift gave it its time before it was given up, so
//     that the next upload is later; or its body never leaves (fence). A manifest gets its time
//     after its body: a late one is refused, since its segments have gone when it was replaced,
//     unless the later version shares them.
//   - The same with a new file: its If-None-Match finds the name taken. Where the file has been
//     removed, or renamed, before the late upload arrives, this is covered only for a quarter of an
//     hour after a request without an answer.
//   - A DELETE, COPY or POST was given up: not covered. Swift carries them out without a condition.
//     They are given up after stall_timeout (a COPY after api.copyTimeout), and something that
//     holds a request up for longer can carry it out late.
//   - A body leaves although the store does not ask for it: not covered. Something on the way
//     answers "100 Continue" in Swift's place, or swallows it.
//
// Everything of this that saves a request by a guess is in one place, guesses (guess.go).
//
// TestStorm looks for what is missing here.
//
// # Renames
//
// The rename of a file is move.file (rename.go): it copies the object within Swift and deletes the
// old name. Of a large file only the manifest is copied, and the segments stay where they are.
// [object.Renames] records the rename of a large file first, so that an interrupted one can be
// completed. The rename of a directory is move.dir (renamedir.go).
//
// # Requests
//
// What each operation costs; a file that is plain unless said otherwise:
//
//	stat            1 HEAD, of the account and of a container too; 1 listing of one entry more for
//	                what is no object; and another, at most every two seconds for a container, where
//	                there is nothing (there may be a cut-off upload). Who makes each name that he
//	                asks for gets the answer that it is free without any, but for 1 listing a
//	                second. Where Swift is 20 ms away or more these leave together, unless their
//	                answers are known, and so does what an operation takes to find a new name free:
//	                1 listing more for a file that is there, of which a session makes 8 in a row at
//	                most, and 1 round trip for what is not
//	lstat           as stat; of a link 1 HEAD more. readlink: 1 HEAD
//	list            1 GET for each page, 1 more where the last is longer than any page that the
//	                store has given before (see listing.PageSizes), and a HEAD for each file, and
//	                each directory with an object, that is not known as it is listed, 32 at a time,
//	                and no more than list_times_limit; of an account, 1 HEAD for each container,
//	                every five minutes, of no more than 256; without list_times only for files of up
//	                to 256 bytes (they may be manifests), and for those of none beyond the limit
//	                too. 1 HEAD more, once, for each change that the listing does not know yet, and
//	                1 listing of one entry for a prefix below which something was deleted. 1 listing
//	                more for each directory NAME.part that no manifest before it explains
//	fetch           what stat takes, and 1 GET; of the second and later files that a client asks for
//	                and opens at once, the GET alone
//	read            1 GET from the start to the end; one more for each jump that the client makes.
//	                Of 32 MiB and more that have a checksum, or where the store is slower than the
//	                client and several at once are faster, 1 GET for each read_ahead. Small reads
//	                out of order: 1 GET for each 32 KiB
//	write           what stat takes at opening; 1 PUT at Commit. To replace what was asked for, or
//	                made, just before takes nothing at opening, and neither does a new file from the
//	                third in a directory on, but for 1 listing a second (where names come in no
//	                order, or less than one a second, as the first two, and 1 listing for every 64);
//	                the first in one that was made just before is such a file already. 1 HEAD before
//	                the PUT where a large file is there, or one that was asked for more than a
//	                second ago; 2 requests more where something has come to the name of a new file
//	                meanwhile. Large: 1 PUT for each segment and 1 for the manifest, 1 HEAD of the
//	                container (for its quota, and for rights that the segments follow), 1 of the
//	                container for segments by a session's first and every five minutes, and 2 more
//	                at Commit where there is a quota; large and new: 1 PUT and 1 DELETE of the
//	                marker; over a large one: 1 GET of its manifest, and 1 listing (of unfinished
//	                renames), 1 HEAD of the container (which may keep versions) and 1 bulk delete of
//	                its segments after it, and where the new one is small 1 HEAD of the container of
//	                segments; each hour, for a container, 1 listing more (of uploads that nobody has
//	                gone on with); dynamic: 1 listing before the manifest, and in the old layout 1
//	                at opening, unless the file is known to be small. Of a new file in a directory
//	                that the session has not seen for 10 seconds 1 HEAD more, and 1 listing of one
//	                entry where that is a prefix; so too mkdir, symlink, rename and copy. With
//	                implicit_directories that for each directory above, and 1 PUT for each that is
//	                missing
//	mkdir           what opening a new file takes, 1 PUT; of a container: 1 HEAD, 1 PUT
//	rmdir           1 HEAD, 1 listing, 1 DELETE; of a container: 1 DELETE, and 1 HEAD of that of its
//	                segments. At most every two seconds for a container 1 listing more (there may be
//	                cut-off uploads). Of what is not empty 1 listing more and 1 HEAD for each row of
//	                it that has no object, or has one and is the first such
//	set time, mode  1 HEAD, 1 POST; of a directory that is only a prefix 1 HEAD, 1 listing, 1 PUT;
//	                of what is not kept 1 HEAD; of a small file that the same session has just
//	                written no HEAD
//	space           1 HEAD of the account and 1 of the container; where that has a quota, 1 of the
//	                container for segments
//	symlink         1 HEAD of the container, what stat takes of the new name and of the target, 1
//	                PUT
//	remove          1 HEAD, 1 DELETE; of the first entry that a session takes out of a directory, by
//	                rmdir and rename too, 1 HEAD more, and another and 1 PUT where that is a prefix,
//	                each minute; large: 1 GET of the manifest, 1 listing, 1 HEAD of the container, 1
//	                bulk delete and 1 HEAD of the container of segments more, and its DELETE with
//	                the last one. Of what is not there 1 listing more than stat takes (there may be a
//	                row without an object)
//	rename          1 HEAD, what stat takes of the new name, 1 COPY, 1 DELETE; large, at any size: 1
//	                listing, 1 PUT and 1 DELETE of the record more, over a file 1 GET of the
//	                manifest, to another container 1 HEAD of that; a directory: what a large file
//	                takes, 5 listings of it, 1 COPY and 1 DELETE for each entry, 8 at a time, and
//	                before that 1 HEAD for each that no listing has asked for, 32 at a time, and 1
//	                GET of each manifest; and 1 PUT and 1 DELETE for each cut-off upload
//	copy            1 HEAD, what stat takes of the new name, 1 COPY; of more than a segment: 2 HEADs
//	                more, for the room that there is; of a static large object, and of more than 5
//	                GiB: in place of the one COPY, 1 GET of the manifest, 1 COPY for each segment, 8
//	                at a time, and 1 PUT of a manifest
//
//	versions        stat and open: 1 HEAD, 2 where the version is from before versions were kept; of
//	                a directory: 1 or 2 listings more. list: 1 GET for each page and at least 2, and
//	                HEADs as in list; in an archive up to 2 more for each length that names have.
//	                rename to its file: 1 HEAD, 1 HEAD of the file, and 1 PUT or COPY; elsewhere: as
//	                copy. 1 HEAD of the container comes to that, every five minutes, and for each
//	                path below a ".versions" where no versions are kept. With show_versions each
//	                list of a container asks for that, too
//
//	metadata, ends  to see them: what stat takes; to change them: 1 POST more; the end of a large file: 1 HEAD of the container, 1 GET of the
//	                manifest and 1 POST for each segment, 8 at a time. Of a container 1 HEAD or 1 POST, and for its access lists 1 POST of that of its segments
//	temporary URL   what stat takes, 1 HEAD of the account, and 1 of the container where that has no key
//
// The first use of a store takes 1 HEAD more (something may rewrite paths on the way), and /info,
// which is asked for again each hour.
//
// With storage_policy, 1 HEAD of each container comes to that, every five minutes. Where the owner
// of a container that is open to others is shown its rights by whatever answer, 1 HEAD of the
// container for segments comes to that, for a session and every five minutes, and 1 POST where the
// rights are others there.
//
// # Decisions
//
// What is decided about segments, and about renames that move them, is in package object.
//
// A directory is moved entry by entry: each is either at its old name or at its new one, with all
// its content. A manifest whose segments lie in the directory itself (as sftp-cloudfs has it) gets
// a content of its own before they are moved. What is a manifest a HEAD tells of each entry: a
// listing shows one that has bytes of its own as any other file, and to take its word would lose
// the file. What cannot be moved stays, with the segments that it needs; to stop at it would leave
// the rest where it is for good.
//
// The names of versions have hyphens where times have colons, which Windows has in no file name,
// and not Swift's seconds, which tell nobody anything. The extension of the file is not in them:
// who opens a version by it copies it first.
//
// Versions are brought back by rename and not by a copy, which works as well, since clients that
// copy do that through themselves. A rename that leaves its source is what a version is: Swift
// itself does not let go of it.
//
// Lstat asks as Stat does, and for the link itself only where it is one: to ask for that at once
// (symlink=get) is one request for a link too, but in containers that keep versions it is two for
// every file, of which Swift then shows the link that leads to the version.
//
// Near by, Stat asks for the listing only after the HEAD has said 404: files are what clients ask
// for most, and a listing for each would be in vain. From afar (see beside) the round trip weighs
// more, but only where there may be no object (who removes, moves or reads a file has seen it), and
// not for a session whose latest 8 such listings were in vain.
//
// Listings themselves are not cached: what others do to Swift would be hidden for as long, and with
// Stat a HEAD nothing asks for the same listing in a row. The one exception is the question whether
// a name is free: who puts many small files into a directory is not to have it listed for each of
// them. For one second the answer may come from a listing of the names around (surroundings), or
// from a lookup that the session has seen (recall). Where it is wrong the file is still safe: a new
// one is put with If-None-Match, and what that finds is looked at and replaced, or, if it is a
// directory, not. What remains is a directory without an object of its own that somebody makes past
// all gateways, in that second: the file gets its name beside it, as when it is made a second
// later.
//
// Clients that send one file after the other ask for each before they make it, and overwrite what
// there is. Where that is what a client does, "there is nothing" may come from such a listing too,
// unless the write log has a change of the name: a HEAD for each would be a third of the time that
// small files take. To everybody else Stat is a HEAD.
//
// Where a client has opened the last file right after it asked for it, the next question is
// answered by a GET, and the body waits for a fifth of a second to be opened: FTP and SFTP clients
// that fetch many files ask for each, up to twice. If nobody comes, a connection to Swift is lost,
// and the habit is taken for ended.
//
// The suite of the contract is core/vfs/vfstest; it runs here against our own fake (package
// swifttest) and, where one is given by the environment, against a real Swift.
//
// # Size
//
// FS has many more methods than other types. It implements vfs.FS and its optional interfaces, and
// paths, links, old versions and directories all need what one login knows about its containers and
// its recent requests. Parts that need less are types of their own (guesses, lister, move,
// leftovers) or packages of their own (api, listing, object).
package swift
