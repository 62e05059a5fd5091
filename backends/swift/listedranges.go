package swift

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"filegate/backends/internal/recent"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// To know that a name is free takes a listing of what is below it, beside the HEAD. For a client
// that puts many new files into a directory, this would be two requests for each file. From the
// second file on, one listing answers for the names around it too, for as long as recallFor. A file
// that the listing does not show yet is found by the request that creates the new file.
//
// Most clients ask for names in ascending order, and "sftp put -r" from some file systems in
// descending order. The listing begins at the name, or at the beginning of the directory if the
// name before was a later one. If names come in any other order, or from a slow client, a listing
// may answer only the question that it was made for, and it is larger than the two requests that it
// saves. So each directory has a credit: listings take from it, and answers from them add to it.

const (
	// stretchEntries is how many rows of a directory one listing requests.
	stretchEntries = 500
	// stretches is how many listed ranges a session remembers.
	stretches = 8
	// askedAgain is the time within which a second question about names of a directory justifies a
	// listing.
	askedAgain = 2 * time.Second
	// listingPrice is what a listing takes from the credit of its directory, in questions: if
	// listings answer nothing, there is one listing for this many questions. maxCredit is the
	// highest credit, with which a directory starts.
	listingPrice = 64
	maxCredit    = 4 * listingPrice
)

// listedRange is the result of a listing of a part of a directory: the names after from, up to and
// including to.
type listedRange struct {
	requestTime
	dir      string // with the container, and ending in a slash
	from, to string // to is empty if nothing follows
	keys     []string
}

func (s *listedRange) covers(key string) bool { return key > s.from && (s.to == "" || key <= s.to) }

func (s *listedRange) lists(key string) bool {
	_, found := slices.BinarySearch(s.keys, key)
	return found
}

// bare reports whether nothing is below a name.
func (s *listedRange) bare(n api.Name) bool { return !s.lists(n.Prefix()) }

// free reports whether the name is not used, and nothing is below it.
func (s *listedRange) free(n api.Name) bool {
	return s.covers(n.Object) && !s.lists(n.Object) && s.bare(n)
}

// listedRanges are the ranges that a session has listed.
type listedRanges struct {
	mu    sync.Mutex
	all   [stretches]*listedRange
	next  int
	asked *recent.Keys // directories in which the session asked for a name without an object
	dirs  map[string]askedNames
}

// askedNames records which names of one directory a session has asked about.
type askedNames struct {
	last   string // the latest name
	credit int
}

// question notes a question about an object of a directory, and whether a listed range has answered
// it. It returns the name of the question before.
func (k *listedRanges) question(dir, object string, answered bool) (last string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	q, ok := k.dirs[dir]
	if !ok {
		q.credit = maxCredit
		if k.dirs == nil || len(k.dirs) >= maxKnownDirs {
			k.dirs = map[string]askedNames{}
		}
	}
	last, q.last = q.last, object
	q.credit = min(q.credit+1, maxCredit)
	if answered {
		q.credit = min(q.credit+listingPrice, maxCredit)
	}
	k.dirs[dir] = q
	return last
}

// pay takes the price of a listing from the credit of a directory, and reports whether the credit
// was enough. question must have been called for the directory.
func (k *listedRanges) pay(dir string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	q := k.dirs[dir]
	if q.credit < listingPrice {
		return false
	}
	q.credit -= listingPrice
	k.dirs[dir] = q
	return true
}

func (k *listedRanges) put(s *listedRange) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all[k.next] = s
	k.next = (k.next + 1) % stretches
}

func (k *listedRanges) get(dir, key string, good func(*listedRange) bool) *listedRange {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.all {
		if s != nil && s.dir == dir && s.covers(key) && good(s) {
			return s
		}
	}
	return nil
}

// newListedRanges returns an empty listedRanges. again is the time within which a second question
// about names of a directory justifies a listing.
func newListedRanges(again time.Duration) listedRanges { return listedRanges{asked: recent.New(again)} }

// around returns the directory of n: as the prefix of object names, and as that prefix with the
// container.
func around(n api.Name) (in, dir string) {
	in = n.Object[:strings.LastIndexByte(n.Object, '/')+1]
	return in, n.With(in).String()
}

// missing notes that the client asked for a name without an object.
func (g *guesses) missing(n api.Name) {
	_, dir := around(n)
	g.around.asked.Note(dir)
}

// surroundings returns a listed range that shows what is below n. It requests one if many such
// questions seem to follow.
func (g *guesses) surroundings(ctx context.Context, n api.Name) (*listedRange, bool) {
	if !n.IsObject() || n.CheckNew() != nil || g.lists.ChangedBelow(ctx, n) {
		return nil, false
	}
	in, dir := around(n)
	if !g.around.asked.Has(dir) {
		return nil, false
	}
	g.around.asked.Note(dir) // so that it stays there while questions follow
	s := g.around.get(dir, n.Prefix(), func(s *listedRange) bool { return g.fresh(n, s.requestTime) })
	last := g.around.question(dir, n.Object, s != nil)
	if s != nil {
		return s, true
	}
	if !g.around.pay(dir) {
		return nil, false
	}
	asked := g.now()
	l := listing.Query{Prefix: in, Marker: before(n.Object), Delimiter: true, Limit: stretchEntries}
	if n.Object < last {
		l.Marker = ""
	}
	page, err := g.lists.RawPage(ctx, n, l)
	if err != nil {
		return nil, false // a request for the name itself will return the error
	}
	s = &listedRange{requestTime: asked, dir: dir, from: l.Marker}
	for _, e := range page.Lines {
		s.keys = append(s.keys, e.Key())
	}
	if page.More {
		s.to = page.Last()
	}
	if page.More && !page.Full {
		// Clients ask next for the names after the last one, so it is worth a request to learn that
		// there are none.
		l.Marker = page.Last()
		if rest, err := g.lists.RawPage(ctx, n, l); err == nil && len(rest.Lines) == 0 {
			s.to = ""
		}
	}
	g.around.put(s)
	return s, s.covers(n.Prefix())
}

// bare reports whether nothing is below a name, as far as a listing shows.
func (g *guesses) bare(ctx context.Context, n api.Name) bool {
	s, ok := g.surroundings(ctx, n)
	return ok && s.bare(n)
}

// made notes that a directory was created, of which it was known at a time that nothing is below
// it.
func (g *guesses) made(dir api.Name, free requestTime) {
	s := &listedRange{requestTime: free, dir: dir.With(dir.Prefix()).String()}
	g.around.asked.Note(s.dir)
	g.around.put(s)
}

// before returns a string that sorts before s with only few names between them: a marker for
// listings that begin with s.
func before(s string) string {
	last, size := utf8.DecodeLastRuneInString(s)
	s = s[:len(s)-size]
	switch {
	case last <= ' ' || size == 1 && last == utf8.RuneError:
		return s
	case last == 0xE000: // the code points before it are surrogates, no characters
		return s + "\uD7FF\U0010FFFF"
	}
	return s + string(last-1) + string(utf8.MaxRune)
}
