// Package pace decides how many requests transfer one file in parallel, and measures the round-trip
// time to the store. Backends of object stores use it for uploads and downloads. It makes no
// requests: its caller reports what was transferred, and asks for the number. Its suite is
// pace_test.go.
package pace

import (
	"sync"
	"time"
)

// Pace decides how many requests transfer one file in parallel. There are few while the client is
// the slower side. The number grows step by step when the client waits for the store most of the
// time. A step that gains little, because the network or the store is at its limit, is undone, and
// not tried again for a while, unless the store becomes slower than it was with that step. If the
// store is far away, there is only one step, to the largest number.
type Pace struct {
	Streams   int // how many requests there should be now
	few, most int
	far       bool

	period  time.Duration // length of a measurement
	begun   time.Time     // start of the current period
	bytes   int64         // transferred in the current period
	starved time.Duration // time in the current period for which the client has waited
	since   time.Time     // since when the client waits; zero: it does not wait
	waiting int           // number of waiting calls of Await

	before int           // Streams before the step that is being tried; 0: none
	rate   float64       // bytes per second before that step
	tried  int           // number of periods since that step
	sum    float64       // of the rates of the periods by which the step is judged
	missed float64       // rate of the last step that was undone
	pause  time.Duration // pause after the next step that is undone
	notYet time.Time     // no step before this time
}

const (
	// minPeriod is the shortest time in which a rate can be measured. periodRTTs is the same in
	// round trips to the store.
	minPeriod  = 250 * time.Millisecond
	periodRTTs = 2
	// farRTT is the round-trip time from which the distance limits a connection: Linux allows 4 MiB
	// in flight, which at this distance is at most 80 MiB/s.
	farRTT = 50 * time.Millisecond
	// warmUp is the number of periods that a step gets to reach its speed. judged is the number of
	// periods that are then measured, because the rate of a single one is half chance.
	warmUp, judged = 1, 2
	// minGain is the share of the ideal speed-up that a step must reach. A step to more than twice
	// as many requests is judged like one to twice as many.
	minGain = 0.3
	// firstPause is the pause after the first step that was undone. Each further pause is twice as
	// long.
	firstPause = 30 * time.Second
	// wideFrom is how many bytes of a file must be left for a step.
	wideFrom = 16 << 20
)

// New returns a pace that begins with few requests and never has more than most. rtt is the
// round-trip time to the store.
func New(few, most int, rtt time.Duration) Pace {
	few = min(few, most)
	return Pace{Streams: few, few: few, most: most, far: rtt >= farRTT, period: max(minPeriod, periodRTTs*rtt), pause: firstPause}
}

// NewForWhole is New for a file that will be transferred as a whole: if the store is far away, the
// pace begins with most.
func NewForWhole(few, most int, rtt time.Duration) Pace {
	p := New(few, most, rtt)
	if p.far {
		p.Streams = most
	}
	return p
}

// AtLeast raises the number of requests to streams, but not above the limit.
func (p *Pace) AtLeast(streams int) { p.Streams = max(p.Streams, min(streams, p.most)) }

// starves records that the client begins to wait for the store, and fed that it has stopped
// waiting.
func (p *Pace) starves(now time.Time) { p.since = now }

func (p *Pace) fed(now time.Time) {
	p.starved += now.Sub(p.since)
	p.since = time.Time{}
}

// Await waits for wake, and counts the time as waiting for the store. It is called with the lock of
// wake held.
func (p *Pace) Await(wake *sync.Cond) {
	if p.waiting == 0 {
		p.starves(time.Now())
	}
	p.waiting++
	wake.Wait()
	p.waiting--
	if p.waiting == 0 {
		p.fed(time.Now())
	}
}

// IsStarved reports whether a call of Await is waiting.
func (p *Pace) IsStarved() bool { return p.waiting > 0 }

// JudgeBy makes the periods at least as long as d.
func (p *Pace) JudgeBy(d time.Duration) { p.period = max(p.period, d) }

// Moved records that n bytes have been transferred.
func (p *Pace) Moved(n int64) { p.bytes += n }

// Decide changes the number of requests at the end of a period, if necessary. left is the number of
// bytes still to be transferred. The first call begins the first period, because earlier times mean
// little: the store sends the beginning of a download before the client begins to read.
func (p *Pace) Decide(now time.Time, left int64) {
	if p.begun.IsZero() {
		p.begun, p.bytes, p.starved = now, 0, 0
		return
	}
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
	case p.before > 0 && p.tried < warmUp:
		p.tried++
	case p.before > 0:
		p.tried++
		p.sum += rate
		if p.tried == warmUp+judged {
			p.judge(now, starved)
		}
	case starved && p.Streams < p.most && left > wideFrom && (now.After(p.notYet) || p.slower(rate)):
		p.before, p.rate, p.tried, p.sum = p.Streams, rate, 0, 0
		p.Streams = p.step()
	}
}

// judge keeps the step that is being tried, or undoes it. It also keeps a step if the client no
// longer waits.
func (p *Pace) judge(now time.Time, starved bool) {
	p.missed = 0
	if rate := p.sum / judged; starved && !worth(rate, p.Streams, p.rate, p.before) {
		p.wait(now)
		p.missed, p.Streams = rate, p.before
	}
	p.before = 0
}

// slower reports whether the store has become so slow that the last step that was undone would now
// be a gain.
func (p *Pace) slower(rate float64) bool {
	return p.missed > 0 && worth(p.missed, p.step(), rate, p.Streams)
}

// worth reports whether streams requests at rate gain enough over fewer requests at fewerRate.
func worth(rate float64, streams int, fewerRate float64, fewer int) bool {
	ideal := min(float64(streams)/float64(fewer)-1, 1)
	return rate >= (1+minGain*ideal)*fewerRate
}

// step returns the next number of requests to try.
func (p *Pace) step() int {
	if p.far {
		return p.most
	}
	return min(p.Streams+max(1, p.Streams/2), p.most)
}

// wait delays the next step.
func (p *Pace) wait(now time.Time) {
	p.notYet = now.Add(p.pause)
	p.pause *= 2
}

// Narrow returns to few requests, for example because memory is short.
func (p *Pace) Narrow(now time.Time) {
	if p.Streams > p.few {
		p.Streams, p.before, p.missed = p.few, 0, 0
		p.wait(now)
	}
}
