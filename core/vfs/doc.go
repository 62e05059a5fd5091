// Package vfs is what storage is to filegate: one contract between whoever moves bytes for a client
// and whoever keeps them.
//
// A store implements [FS], [File], [Lister] and [Writer]; what one store can do beyond that is an
// optional interface with a package function that uses it or falls back ([SetAttrs], [StatSpace],
// [Copy], [Symlink], [ReadWriterAt]). Callers never assert types.
//
// The rules that hold everywhere:
//
//   - Names are [Path] values: cleaned once, by [Resolve], before they get here. A store adds only
//     its own limits.
//   - Every call takes a context. One that is passed to Open or OpenWriter also governs the
//     returned handle until it is closed.
//   - Reads are never short except at the end of the file.
//   - A [Writer] takes writes in any order and never makes one wait for a gap to be filled. Nothing
//     of it is visible, and nothing old is lost, before Commit; Close without Commit publishes
//     nothing.
//   - Listings are pulled page by page. Nothing grows with the size of a directory or of a file.
//   - Errors are of one closed set, see [Kinds]. What a client may read of one is [ClientText]; a
//     store's own words stay in the log.
//
// The package does no I/O and knows neither protocols nor products. Package memfs is the contract
// made executable; package vfstest is the suite that every store passes, and every frontend through
// its own client.
//
// # Decisions
//
// A handle keeps the context of its opening, instead of taking one with each read and write, so
// that it can be an [io.ReaderAt], [io.WriterAt], [io.ReaderFrom] and [io.WriterTo]: the interfaces
// by which the protocol libraries move bytes without copying.
//
// Commit is apart from Close, since every caller has a "defer w.Close()" and only one place that
// knows the upload is whole.
package vfs
