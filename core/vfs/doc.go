// Package vfs defines the contract between frontends, which move bytes for clients, and stores,
// which keep them.
//
// A store implements [FS], [File], [Lister] and [Writer]. A feature that only some stores have is
// an optional interface. A package function uses it or falls back ([SetAttrs], [StatSpace], [Copy],
// [Symlink], [ReadWriterAt]). Callers never assert types.
//
// These rules apply everywhere:
//
//   - Names are [Path] values, which [Resolve] has cleaned once. A store adds only its own limits.
//   - Every call takes a context. The context of Open or OpenWriter also governs the returned
//     handle until it is closed.
//   - Reads are never short except at the end of the file.
//   - A [Writer] accepts writes in any order. No write waits for a gap to be filled. Before Commit
//     nothing new is visible and nothing old is lost. Close without Commit publishes nothing.
//   - Listings are read page by page. Memory does not grow with the size of a directory or file.
//   - Errors belong to a closed set, see [Kinds]. A client may read [ClientText] of an error; the
//     store's own words go only to the log.
//
// The package does no I/O and knows neither protocols nor products. Package memfs is a reference
// implementation. Package vfstest is the suite that every store passes, and every frontend through
// a client of its protocol.
//
// # Decisions
//
// A handle keeps the context that opened it, instead of taking a context with each read and write.
// So it can be an [io.ReaderAt], [io.WriterAt], [io.ReaderFrom] and [io.WriterTo], the interfaces
// through which the protocol libraries move bytes without copying.
//
// Commit is separate from Close, because every caller has a "defer w.Close()" and only one place
// that knows that the upload is complete.
package vfs
