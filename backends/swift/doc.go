// Package swift keeps files in OpenStack Swift: a vfs.FS for each login, on the storage URL and
// token that the login brought.
//
// # Names
//
// "/" is the account, "/c" a container, "/c/a/b" the object "a/b" in it. A directory is an object
// of type application/directory (whatever its parameters), an object "name/", or what is only a
// prefix of others. mkdir makes an object of that type. A directory stays until it is removed: what
// takes an entry out of a prefix gives it an object of that type first. A new name needs a
// directory to be in (see parent), unless implicit_directories makes it. Where a file and a prefix
// have the same name, the name is the file: Stat and the parent's listing show it, and what lies
// below is reached by its own path, and listed by List.
//
// What Swift has and no path can name is shown with a percent sign in front (see escape): an empty
// element (of "a//b", or of "/b") as "%", "." and ".." as "%." and "%..", and a container "@x" as
// "%@x"; what looks like one of them already gets one more. Of these, "%." and "%.." are listed and
// refused (see dots). An object "d/" with a content is the file "%" in d. Control characters are
// part of a name like any others. Names that are no UTF-8 Swift has none of: bytes of a client's
// that are not UTF-8 come here as "‛E9" (a mark that no keyboard has, U+201B, and two digits), as
// rclone writes them too, and what has such a name is given back to clients by those bytes. See
// vfs.EscapeBytes.
//
// "/@ACCOUNT" is another account of the same cluster, with its containers below it, and an alias of
// the configuration is what it stands for, in front of a container of that name. All of it is
// reached at the login's own storage URL with the account's name put in. A container that the login
// has no right to read does not exist for it there; where Swift lists no account, its containers
// are still entered by name.
//
// Where a container keeps versions (X-Versions-Enabled, X-Versions-Location, X-History-Location),
// "/c/.versions" is the tree of them: "/c/.versions/a/b" is the directory of the versions of
// "/c/a/b", deleted or not, each a file named by its time as 2026-11-25T12-30-41.12345Z. It is
// entered by its name, and listed only with show_versions. Nothing in it can be changed; to rename
// a version to its file brings it back, and leaves it where it is. What was deleted is no version,
// nor is a directory. By X-Versions-Enabled the current version is among them, in an archive it is
// not. An archive that several containers share shows what is of all of them; of more than 100,000
// names in one of its directories it may show some twice. In another account Swift gives versions
// by X-Versions-Enabled to nobody but its owner. An object that lies below ".versions" itself in
// such a container is not reached.
//
// A symbolic link is one of Swift's own, static or not; what GET gives out is what it leads to, so
// reading through it costs nothing more. Writing through it, SetAttrs and Copy are about what it
// leads to, also where nothing is there yet: a PUT to its own name would replace the link. Remove
// and Rename are about the link, and a directory takes its links along, which go on leading where
// they led. It is listed with Swift's time of it. A link leads to an object: one to a directory or
// a container is refused, since Swift has none, and so is one in a container that keeps versions,
// where each file is a link of Swift's own. Where its target becomes a directory later, a link
// leads to nothing. Swift follows two in a row. What a link leads to is told as a path of this
// package's, "/@ACCOUNT/…" in another account, whether it may be read or not.
//
// # Writing
//
// A file that fits into the first segment is one PUT at Commit. A larger one leaves as segments
// while it arrives, each from memory with length and ETag, and Commit is the PUT of a static large
// object's manifest. Segments lie in
//
//	<container>_segments/<object>/<upload id>/<offset>-<sequence>
//
// so that their names are the journal of the upload: an upload of a new file that is cut off can be
// gone on with through any gateway (see partial). Nothing is visible under the file's name, and
// nothing old is touched, before the manifest's PUT; the segments of a version that was replaced
// are deleted after it.
//
// A change of what is there already is a manifest that names ranges of the old segments beside the
// new ones; a plain object is copied to a segment first, on Swift's side.
//
// Where Swift has no static large objects, the manifest is that of a dynamic one, over the same
// segments. With large_objects = "dlo" it always is, and the segments lie in the layout of
// sftp-cloudfs,
//
//	<container>/<object>.part/<upload id>/<offset>-<sequence>
//
// or in <object>_01.part/ and so on where an older layout has its parts already. A dynamic large
// object is whatever is listed below its prefix: so that it is the file and nothing else, parts of
// old segments are sent again at Commit, whole ones are copied on Swift's side, segments that are
// not needed are deleted, and the manifest is put when Swift lists exactly the rest.
//
// A file that arrives in its order gets the checksums of its whole content as metadata, in hex:
// X-Object-Meta-Filegate-Crc64 (CRC-64/NVME) always, and -Md5 and -Sha256 as far as they are wanted
// and no ETag says them. Whatever else becomes of a file, they are gone rather than wrong. A
// download is compared with the first that the file has of CRC-64, SHA-256 and MD5: in that order
// they take the processor's time.
//
// The container for segments has the storage policy and the rights of the files' own. In a
// container that the login may write to and not read (see isDropBox), files are put without a look
// at what is there, large ones as dynamic large objects with their segments beside them.
//
// # Listings
//
// All listings, those of a rename or a removal too, have what gateways have changed a moment ago
// laid over them (package listing).
//
// A row of a listing may have outlived its object. It is not shown where a HEAD has told so, and
// goes when it is removed (see clearGhost); no listing makes HEADs for that alone.
//
// Of a dynamic large object a listing shows the bytes of the manifest, which may be any. Without
// list_times the small files are asked for, once for each version, since to ask for all is what the
// option is to save, and no row tells a manifest from a file. A larger one is shown with the bytes
// of its own.
//
// A listing for a client is streamed: while it reads a page, the next is fetched (listing.Pager).
// What only a HEAD tells of an entry is kept by the version that is listed (attrcache).
//
// # Freshness
//
// What a client is told is never older than what any client of any gateway was told before it
// asked. These are the answers that may have been made before the question, and the requests that
// may be carried out after their answer, with the reason for each:
//
//	a file that is open       is the version that it was opened with: If-Match, or the ETag of the answer, on every further GET
//	a body held ready         no change is noted since it was opened, by this process (changeTimes) or by another gateway, and the list of
//	(ahead)                   changes has been kept meanwhile; whoever cannot note a change tells its client only when nothing is held any
//	                          more (listing.View.Watch)
//	"the name is free"        of a listing of up to a second ago, to a client that is about to make the file: no change of the name is in
//	(isFree, surroundings)    the log, and all caches have answered. Else a HEAD tells. Not covered: a gateway that reached Swift and not the
//	                          cache, and a cache that has lost the word. The request that makes the file finds the name taken then
//	what was there a moment   is used only for what is about to be replaced as a whole (recall): what is published has If-None-Match,
//	ago                       or takes the place of whatever is there
//	listings                  are Swift's, under the write log (package listing); an entry that is lost costs the sight of a change for as long as Swift lags
//	attributes (attrCache)    are kept by hash and time of the version: another version has other ones
//	"no cut-off uploads"      of up to two seconds ago: of what was told to nobody to be stored
//	an answer that was lost   a HEAD shows the content and the time that were put (put); the same content and time, by whomever, is the same file
//	202 to an upload, 409 to  Swift has a later version already: the request is made again, until it is the latest (overtaken)
//	a DELETE or POST
//	an upload that was given  Swift has given it its time before it was given up, so that the next is later; or its body never comes (fence).
//	up and arrives later      A manifest gets its time after its body: a late one is refused, since its segments have gone when it was
//	                          replaced, unless the later version shares them
//	a new file likewise       its If-None-Match finds the name taken. Not covered, but for a quarter of an hour after any request without an
//	                          answer: the file has been removed, or given another name, before it arrives
//	a DELETE, COPY or POST    not covered: Swift takes them without asking for anything, and has no condition for them. They are given up after
//	that was given up         stall_timeout (a COPY after api.copyTimeout), and what holds a request up for longer can carry it out late
//	a body that the store     not covered: something on the way answers "100 Continue" in Swift's place, or swallows it
//	does not ask for
//
// Everything of this that saves a request by a guess is in one place, guesses (guess.go).
//
// TestStorm looks for what is missing here.
//
// # Requests
//
// What each operation costs; a file that is plain unless said otherwise:
//
//	stat            1 HEAD, of the account and of a container too; 1 listing of one entry more for what is no object; and another, at most every two seconds for a
//	                container, where there is nothing (there may be a cut-off upload)
//	                Who makes each name that he asks for gets the answer that it is free without any, but for 1 listing a second.
//	                Where Swift is 20 ms away or more these leave together, unless their answers are known, and so does what an operation takes to
//	                find a new name free: 1 listing more for a file that is there, of which a session makes 8 in a row at most, and 1 round trip for what is not
//	lstat           as stat; of a link 1 HEAD more. readlink: 1 HEAD
//	list            1 GET for each page, 1 more where the last is longer than any page that the store has given before (see listing.PageSizes), and a HEAD for each file, and each directory with an object, that is not known as it is listed, 32 at a time, and no more than
//	                list_times_limit; of an account, 1 HEAD for each container, every five minutes, of no more than 256; without list_times only for files of up to 256 bytes (they may be manifests), and for those of none beyond the limit too. 1 HEAD more, once, for each change
//	                that the listing does not know yet, and 1 listing of one entry for a prefix below which something was deleted. 1 listing more for each
//	                directory NAME.part that no manifest before it explains
//	fetch           what stat takes, and 1 GET; of the second and later files that a client asks for and opens at once, the GET alone
//	read            1 GET from the start to the end; one more for each jump that the client makes. Of 32 MiB and more that have a checksum, or where
//	                the store is slower than the client and several at once are faster, 1 GET for each read_ahead. Small reads out of order:
//	                1 GET for each 32 KiB
//	write           what stat takes at opening; 1 PUT at Commit. To replace what was asked for, or made, just before takes nothing at opening, and neither
//	                does a new file from the third in a directory on, but for 1 listing a second (where names come
//	                in no order, or less than one a second, as the first two, and 1 listing for every 64); the first in one that was made just before is
//	                such a file already. 1 HEAD before the PUT where a large file is there, or one that was asked for more than a second
//	                ago; 2 requests more where something has come to the name of a new file meanwhile. Large: 1 PUT for
//	                each segment and 1 for the manifest, 1 HEAD of the container (for its quota, and for rights that the segments follow), 1 of the container
//	                for segments by a session's first and every five minutes, and 2 more at Commit where there is a quota; large and new: 1 PUT and 1 DELETE of the marker; over a large one: 1 GET
//	                of its manifest, and 1 listing (of unfinished renames), 1 HEAD of the container (which may keep versions) and 1 bulk delete
//	                of its segments after it, and where the new one is small 1 HEAD of the container of segments; each hour, for a
//	                container, 1 listing more (of uploads that nobody has gone on with); dynamic: 1 listing before the manifest, and in the old
//	                layout 1 at opening, unless the file is known to be small
//	                Of a new file in a directory that the session has not seen for 10 seconds 1 HEAD more, and 1 listing of one entry where that is a
//	                prefix; so too mkdir, symlink, rename and copy. With implicit_directories that for each directory above, and 1 PUT for each that is missing
//	mkdir           what opening a new file takes, 1 PUT; of a container: 1 HEAD, 1 PUT
//	rmdir           1 HEAD, 1 listing, 1 DELETE; of a container: 1 DELETE, and 1 HEAD of that of its segments. At most every two seconds for a container
//	                1 listing more (there may be cut-off uploads). Of what is not empty 1 listing more and 1 HEAD for each row of it that has no object, or has one
//	                and is the first such
//	set time, mode  1 HEAD, 1 POST; of a directory that is only a prefix 1 HEAD, 1 listing, 1 PUT; of what is not kept 1 HEAD; of a small file that the same session has just written no HEAD
//	space           1 HEAD of the account and 1 of the container; where that has a quota, 1 of the container for segments
//	symlink         1 HEAD of the container, what stat takes of the new name and of the target, 1 PUT
//	remove          1 HEAD, 1 DELETE; of the first entry that a session takes out of a directory, by rmdir and rename too, 1 HEAD more,
//	                and another and 1 PUT where that is a prefix, each minute; large: 1 GET of the manifest, 1 listing, 1 HEAD of the container, 1 bulk delete
//	                and 1 HEAD of the container of segments more, and its DELETE with the last one
//	                Of what is not there 1 listing more than stat takes (there may be a row without an object)
//	rename          1 HEAD, what stat takes of the new name, 1 COPY, 1 DELETE; large, at any size: 1 listing, 1 PUT and 1 DELETE
//	                of the record more, over a file 1 GET of the manifest, to another container 1 HEAD of that; a directory: what a large file takes, 5 listings of it, 1 COPY and
//	                1 DELETE for each entry, 8 at a time, and before that 1 HEAD for each that no listing has asked for, 32 at a time, and
//	                1 GET of each manifest; and 1 PUT and 1 DELETE for each cut-off upload
//	copy            1 HEAD, what stat takes of the new name, 1 COPY; of more than a segment: 2 HEADs more, for the room that there is; of a static large
//	                object, and of more than 5 GiB: in place of the one COPY, 1 GET of the manifest, 1 COPY for each segment, 8 at a time, and 1
//	                PUT of a manifest
//
//	versions        stat and open: 1 HEAD, 2 where the version is from before versions were kept; of a directory: 1 or 2 listings more.
//	                list: 1 GET for each page and at least 2, and HEADs as in list; in an archive up to 2 more for each length that names have.
//	                rename to its file: 1 HEAD, 1 HEAD of the file, and 1 PUT or COPY; elsewhere: as copy. 1 HEAD of the container
//	                comes to that, every five minutes, and for each path below a ".versions" where no versions are kept. With
//	                show_versions each list of a container asks for that, too
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
// A rename that moves segments to another name, or a directory, is written down in the segments
// container before it begins and crossed out after it (see journal). Swift renames by a copy and a
// deletion, and between the two a large file has two names that stand for the same segments.
// Whoever deletes segments looks up the unfinished renames, after the file itself is gone, and
// leaves those that the other name stands for; the same rename, repeated, goes on. Marking the two
// objects instead would be a POST that changes the old one, and the marks would be lost by the next
// write. Of two clients that give the same large file different names at the same moment, the one
// whose DELETE does not find the old one any more copies the segments. What is left open: a record
// that a listing does not show yet because it lags, and two DELETEs that two servers of Swift's
// carry out within the same milliseconds.
//
// A directory is moved entry by entry: each is either at its old name or at its new one, with all
// its content. A manifest whose segments lie in the directory itself (as sftp-cloudfs has it) gets
// a content of its own before they are moved. What is a manifest a HEAD tells of each entry: a
// listing shows one that has bytes of its own as any other file, and to take its word would lose
// the file. What cannot be moved stays, with the segments that it needs; to stop at it would leave
// the rest where it is for good.
//
// In a container that keeps versions, or once did, segments stay for good. To find out which of
// them no version names would be a GET of every manifest among the versions, and somebody else's
// restoring could come in between. So whoever deletes segments asks the container first, after the
// deed, and each time: a container begins to keep versions at any moment, and what was looked up
// before would be worth nothing. Of an archive that a container had (X-Versions-Location,
// X-History-Location) and has no longer, nobody knows.
//
// The names of versions have hyphens where times have colons, which Windows has in no file name,
// and not Swift's seconds, which tell nobody anything. The extension of the file is not in them:
// who opens a version by it copies it first.
//
// Versions are brought back by rename and not by a copy, which works as well, since clients that
// copy do that through themselves. A rename that leaves its source is what a version is: Swift
// itself does not let go of it.
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
//
// Lstat asks as Stat does, and for the link itself only where it is one: to ask for that at once
// (symlink=get) is one request for a link too, but in containers that keep versions it is two for
// every file, of which Swift then shows the link that leads to the version.
//
// Near by, Stat asks for the listing only after the HEAD has said 404: files are what clients ask
// for most, and a listing for each would be in vain. From afar (see beside) the round trip weighs
// more, but only where there may be no object (who removes, moves or reads a file has seen it), and not
// for a session whose latest 8 such listings were in vain.
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
package swift
