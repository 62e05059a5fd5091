package swift

import "time"

// pace decides how many GETs bring a file that is read forward: one, while the client is what takes the time; several, when the client waits for the
// store most of the time. Where several are hardly faster than one (the network or Swift itself is at its limit) it goes back to one, and does
// not try again for a while.
type pace struct {
	streams int // wanted now
	most    int

	period  time.Duration // how long is measured before anything is decided
	begun   time.Time     // of the present period
	bytes   int64         // that the client has had in it
	starved time.Duration // that the client has waited in it
	since   time.Time     // since when it waits; zero: it does not

	alone  float64 // bytes a second by one GET alone
	wide   int     // periods with several
	pause  time.Duration
	notYet time.Time // before that, no several
}

const (
	// minPeriod is the shortest time that says something about a rate; periodTrips is how long it is in round trips to the store.
	minPeriod   = 250 * time.Millisecond
	periodTrips = 4
	// worthwhile is how much faster several GETs must be than one.
	worthwhile = 1.3
	// firstPause is how long to be content with one GET after several were no better; it doubles each time.
	firstPause = 30 * time.Second
	// wideFrom is how much must be left of a file for several GETs, in bytes.
	wideFrom = 16 * mib
)

// newPace begins with one GET; trip is what a request to the store takes.
func newPace(most int, trip time.Duration) pace {
	return pace{streams: 1, most: most, period: max(minPeriod, periodTrips*trip), pause: firstPause}
}

// starves notes that the client begins to wait for the store, and fed that it has what it waited for.
func (p *pace) starves(now time.Time) { p.since = now }

func (p *pace) fed(now time.Time) {
	p.starved += now.Sub(p.since)
	p.since = time.Time{}
}

// passed notes that the client has had n more bytes, and decides anew when a period is over.
func (p *pace) passed(now time.Time, n, left int64) {
	if p.begun.IsZero() {
		p.begun = now
		return
	}
	p.bytes += n
	took := now.Sub(p.begun)
	if took < p.period {
		return
	}
	if !p.since.IsZero() {
		p.starved += now.Sub(p.since)
		p.since = now
	}
	rate, starved := float64(p.bytes)/took.Seconds(), p.starved > took/2
	p.begun, p.bytes, p.starved = now, 0, 0
	switch {
	case p.streams == 1:
		p.alone = rate
		if starved && left > wideFrom && now.After(p.notYet) {
			p.streams, p.wide = p.most, 0
		}
	case p.wide < 3: // they are only getting up to speed
		p.wide++
	case rate < worthwhile*p.alone:
		p.narrow(now)
	}
}

// narrow goes back to one GET.
func (p *pace) narrow(now time.Time) {
	if p.streams > 1 {
		p.streams, p.notYet = 1, now.Add(p.pause)
		p.pause *= 2
	}
}
