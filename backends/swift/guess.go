package swift

import (
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
)

// guesses saves requests and round trips, by what a session was told a moment ago and by what its
// client seems to be about to do. Nothing depends on a guess: a wrong one costs a request, and is
// found out by the request that acts on it (see "Freshness" in the package comment).
//
// Stat asks isFree before it asks Swift, and look in place of a HEAD; OpenWriter, Mkdir and the
// like ask toReplace and toMake; what is opened is asked of openToRead; SetAttrs asks justWritten.
// bare answers what would take a listing, and askBeside has several questions leave at once. What
// Swift has answered is told by remember, missing, wrote and made.
type guesses struct {
	backend *Backend
	client  *api.Client
	lists   *listing.View
	objects *object.Store

	told   recentLookups // answers of a moment ago
	around listedRanges  // listings of the names around those that were asked for
	making uploadPattern // of a client that sends one file after the other
	ahead  prefetcher    // of a client that fetches one file after the other
	beside parallelStats // of a Swift that is far away
}

// newGuesses returns the guesses of a login that has asked for nothing yet.
func newGuesses(b *Backend, client *api.Client, lists *listing.View, objects *object.Store) *guesses {
	return &guesses{backend: b, client: client, lists: lists, objects: objects, around: newListedRanges(askedAgain)}
}
