// Package listing makes listings of accounts and containers that include recent changes.
//
// Listings of Swift may lag; objects never do. A [Log] contains the changes through all gateways
// that share a cache. A [View] makes the listings of one login. Only [View.Overlay] (overlay.go)
// merges the log into a page of Swift; where the two disagree, a HEAD request decides. [View.List]
// gets a page and calls Overlay. A [Pager] reads pages ahead of its caller, without the log: for
// the listings of clients, lister.take in backends/swift/list.go calls Overlay. [View.AllListed]
// and similar methods read several pages. Call [View.Record] after each request of the login, so
// that the log has what the request changed.
//
// The same log also shows that a name has not changed: [View.MayHaveChanged], [View.ChangedBelow],
// and for objects that were opened ahead of their client [View.Watch] and [View.Undisturbed].
//
// The package knows nothing of directories, hidden segments and large files. A [Query] has a prefix
// and a delimiter, as in Swift. Errors are those of package api, not translated.
//
// # Decisions
//
// An entry of the log is not removed after the first listing that includes it: Swift keeps several
// copies of a container, and the next listing may come from another copy. The entry is removed when
// all listings have included it for half a minute (see settle). An entry that listings show only as
// a directory stays in the log for its full time, because the directory may exist, or be missing,
// for other reasons.
package listing
