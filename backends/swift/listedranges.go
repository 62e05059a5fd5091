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

// Whether a name is free takes a listing of what lies below it, beside the HEAD. A client that puts
// many new files into a directory would make two requests for each. From the second file on, one
// listing tells of the names around as well, for as long as recall allows. What a listing does not
// show yet the request that makes the file finds out itself.
//
// Most clients ask for names in ascending order, and "sftp put -r" from some file systems in
// descending order: the listing begins at the name, or at the beginning of the directory where the
// name before was a later one. In any other order, or for a slow client, a listing may answer
// nothing but the question that it was made for, and is larger than the two requests that it saves.
// So each directory has a credit: listings take from it, and answers from them give to it.

const (
	// stretchEntries is how many lines of a directory are asked for at once.
	stretchEntries = 500
	// stretches is how many pieces of listings a session remembers.
	stretches = 8
	// askedAgain is within what time a second question about names of a directory makes it worth a
	// listing.
	askedAgain = 2 * time.Second
	// listingPrice is what a listing takes from the credit of its directory, in questions: where
	// listings answer nothing there is one for so many of them. maxCredit is the most credit, and
	// what a directory begins with.
	listingPrice = 64
	maxCredit    = 4 * listingPrice
)

// listedRange is the result of a listing of a part of a directory: the names after from, up to to.
type listedRange struct {
	requestTime
	dir      string // with the container, and ending in a slash
	from, to string // to is empty where nothing follows
	keys     []string
}

func (s *listedRange) covers(key string) bool { return key > s.from && (s.to == "" || key <= s.to) }

func (s *listedRange) lists(key string) bool {
	_, found := slices.BinarySearch(s.keys, key)
	return found
}

// bare reports whether nothing lies below a name.
func (s *listedRange) bare(n api.Name) bool { return !s.lists(n.Prefix()) }

// free reports whether nothing has the name, and nothing lies below it.
func (s *listedRange) free(n api.Name) bool {
	return s.covers(n.Object) && !s.lists(n.Object) && s.bare(n)
}

// listedRanges are the ranges that a session has listed.
type listedRanges struct {
	mu    sync.Mutex
	all   [stretches]*listedRange
	next  int
	asked *recent.Keys // directories of which a name was asked for that has no object
	dirs  map[string]askedNames
}

// askedNames records which names of one directory a session has asked about.
type askedNames struct {
	last   string // the latest name
	credit int
}

// question notes a question about an object of a directory, and that a stretch has answered it. It
// returns the name before.
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

// pay takes the price of a listing from the credit of a directory that was asked about, and reports
// whether there was enough.
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

// newListedRanges returns no stretches yet. A second question about names of a directory within
// again is worth a listing.
func newListedRanges(again time.Duration) listedRanges { return listedRanges{asked: recent.New(again)} }

// around is the prefix of the names that a directory listing has beside n, and that with the
// container.
func around(n api.Name) (in, dir string) {
	in = n.Object[:strings.LastIndexByte(n.Object, '/')+1]
	return in, n.With(in).String()
}

// missing notes that a name was asked for that has no object.
func (g *guesses) missing(n api.Name) {
	_, dir := around(n)
	g.around.asked.Note(dir)
}

// surroundings returns a stretch that tells of what lies below n, and asks for one where many such
// questions seem to come.
func (g *guesses) surroundings(ctx context.Context, n api.Name) (*listedRange, bool) {
	if !n.IsObject() || n.CheckNew() != nil || g.lists.ChangedBelow(ctx, n) {
		return nil, false
	}
	in, dir := around(n)
	if !g.around.asked.Has(dir) {
		return nil, false
	}
	g.around.asked.Note(dir) // and so it goes on
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
		return nil, false // whoever asks for the name itself will hear of it
	}
	s = &listedRange{requestTime: asked, dir: dir, from: l.Marker}
	for _, e := range page.Lines {
		s.keys = append(s.keys, e.Key())
	}
	if page.More {
		s.to = page.Last()
	}
	if page.More && !page.Full {
		// Names behind the last are what clients ask for next, so it is worth a request to know.
		l.Marker = page.Last()
		if rest, err := g.lists.RawPage(ctx, n, l); err == nil && len(rest.Lines) == 0 {
			s.to = ""
		}
	}
	g.around.put(s)
	return s, s.covers(n.Prefix())
}

// bare reports whether nothing is known to lie below a name.
func (g *guesses) bare(ctx context.Context, n api.Name) bool {
	s, ok := g.surroundings(ctx, n)
	return ok && s.bare(n)
}

// made notes that there is a new directory, of which it was known at a moment that nothing lies
// below it.
func (g *guesses) made(dir api.Name, free requestTime) {
	s := &listedRange{requestTime: free, dir: dir.With(dir.Prefix()).String()}
	g.around.asked.Note(s.dir)
	g.around.put(s)
}

// before is a string that comes before s, and that only few names lie between: a marker for
// listings that are to begin with s.
func before(s string) string {
	last, size := utf8.DecodeLastRuneInString(s)
	s = s[:len(s)-size]
	switch {
	case last <= ' ' || size == 1 && last == utf8.RuneError:
		return s
	case last == 0xE000: // the surrogates are no characters
		return s + "\uD7FF\U0010FFFF"
	}
	return s + string(last-1) + string(utf8.MaxRune)
}
