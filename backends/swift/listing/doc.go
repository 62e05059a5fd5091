// Package listing makes listings of accounts and containers, as clients of gateways expect them:
// with what was changed a moment ago.
//
// Listings of Swift may be behind; an object itself never is. A [Log] has what was changed through
// the gateways that share a cache. A [View] makes the listings of one login: [View.Page] asks Swift
// for a page and lays the log over it, where the two disagree a HEAD tells. [View.AllListed] and
// its neighbours go on from page to page, and a [Pager] does so ahead of its caller. [View.Record]
// is to be called after each request of the login, so that the log has what the request changed.
//
// The same log tells that a name has not been changed: [View.MayHaveChanged], [View.ChangedBelow],
// and for what was opened ahead of its client [View.Watch] and [View.Undisturbed].
//
// The package knows nothing of directories, hidden segments or large files: a [Query] has a prefix
// and a delimiter, as Swift has them. Errors are those of package api, not translated.
//
// # Decisions
//
// An entry of the log does not go with the first listing that knows of it: Swift keeps a container
// in several places, and the next listing may come from another one. It goes when all listings have
// known of it for half a minute (see settle). What a listing shows only as a directory stays in the
// log for its time: that the directory is there, or is not, may have other reasons.
package listing
