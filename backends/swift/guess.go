package swift

import (
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
)

// guesses saves requests and round trips. It uses recent answers to the session, and what the
// client seems about to do. Nothing depends on a guess: a wrong one costs a request, and the
// request that acts on it detects it (see "Freshness" in the package comment).
//
// Stat calls isFree before it sends requests, and look in place of a HEAD. OpenWriter, Mkdir and
// similar methods call toReplace and toMake; Open calls openToRead; SetAttrs calls justWritten.
// bare answers in place of a listing, and askBeside sends several requests at once. remember,
// missing, wrote and made record what Swift has answered.
type guesses struct {
	backend *Backend
	client  *api.Client
	lists   *listing.View
	objects *object.Store

	told   recentLookups // recent answers
	around listedRanges  // listings of the names around those that the client asked for
	making uploadPattern // of a client that uploads one file after another
	ahead  prefetcher    // of a client that downloads one file after another
	beside parallelStats // of a Swift that is far away
}

// newGuesses returns the guesses of a new login.
func newGuesses(b *Backend, client *api.Client, lists *listing.View, objects *object.Store) *guesses {
	return &guesses{backend: b, client: client, lists: lists, objects: objects, around: newListedRanges(askedAgain)}
}
