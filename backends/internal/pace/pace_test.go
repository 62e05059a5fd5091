package pace

import (
	"testing"
	"time"
)

// pacedClient is one that takes n bytes each step, and waits for the store for some part of it.
type pacedClient struct {
	pace *Pace
	now  time.Time
	left int64
}

func (c *pacedClient) step(took, waited time.Duration, n int64) {
	c.pace.starves(c.now)
	c.now = c.now.Add(waited)
	c.pace.fed(c.now)
	c.now = c.now.Add(took - waited)
	c.left -= n
	c.pace.Moved(n)
	c.pace.Decide(c.now, c.left)
}

// run makes steps of 100 ms for some periods.
func (c *pacedClient) run(periods int, waited time.Duration, n int64) {
	for range periods * int(c.pace.period/(100*time.Millisecond)) {
		c.step(100*time.Millisecond, waited, n)
	}
}

func newPacedClient(most int) *pacedClient { return newPacedClientAt(most, 100*time.Millisecond) }

func newPacedClientAt(most int, rtt time.Duration) *pacedClient {
	p := New(1, most, rtt)
	return &pacedClient{pace: &p, now: time.Unix(1e9, 0), left: 1 << 40}
}

func TestPaceOfSlowStore(t *testing.T) {
	c := newPacedClient(8)
	c.run(3, 90*time.Millisecond, 1<<20)
	if c.pace.Streams != 8 {
		t.Fatalf("%d GETs for a client that waits for the store nearly all the time, want 8", c.pace.Streams)
	}
	c.run(20, 90*time.Millisecond, 3*1<<20)
	if c.pace.Streams != 8 {
		t.Errorf("%d GETs where several are three times as fast, want 8", c.pace.Streams)
	}
}

// TestPaceOfNearStore goes step by step, as far as it is worth it: what several bring is what so
// many would, up to a limit.
func TestPaceOfNearStore(t *testing.T) {
	for limit, want := range map[int]int{1: 1, 2: 2, 4: 4, 100: 8} {
		c := newPacedClientAt(8, time.Millisecond)
		seen := map[int]bool{}
		for range 200 {
			c.run(1, 90*time.Millisecond, int64(min(c.pace.Streams, limit))*1<<20)
			seen[c.pace.Streams] = true
		}
		if c.pace.Streams != want {
			t.Errorf("%d GETs where the store serves %d at full speed, want %d", c.pace.Streams, limit, want)
		}
		if limit == 1 && seen[3] {
			t.Error("three GETs were tried although two were no better than one")
		}
	}
}

func TestPaceOfSlowClient(t *testing.T) {
	c := newPacedClient(8)
	c.run(20, 20*time.Millisecond, 1<<20)
	if c.pace.Streams != 1 {
		t.Errorf("%d GETs for a client that hardly ever waits, want 1", c.pace.Streams)
	}
}

// TestPaceOfFullStore has a store that gives no more to several GETs than to one.
func TestPaceOfFullStore(t *testing.T) {
	c := newPacedClient(8)
	wide, last := 0, c.pace.Streams
	for range 3000 { // of 100 ms
		c.step(100*time.Millisecond, 90*time.Millisecond, 1<<20)
		if c.pace.Streams > 1 && last == 1 {
			wide++
		}
		last = c.pace.Streams
	}
	if wide < 2 || wide > 4 {
		t.Errorf("several GETs were tried %d times in 5 minutes: they should be tried again, and less and less often", wide)
	}
}

func TestPaceOfSmallFile(t *testing.T) {
	c := newPacedClient(8)
	c.left = wideFrom
	c.run(5, 90*time.Millisecond, 1)
	if c.pace.Streams != 1 {
		t.Errorf("%d GETs for the little that is left of a file, want 1", c.pace.Streams)
	}
}

// TestPaceOfFarStore has uploads begin with most requests where each is held up by the distance.
func TestPaceOfFarStore(t *testing.T) {
	for rtt, want := range map[time.Duration]int{0: 2, 10 * time.Millisecond: 2, 100 * time.Millisecond: 6} {
		if p := NewForWhole(2, 6, rtt); p.Streams != want {
			t.Errorf("%d PUTs where a rtt takes %v, want %d", p.Streams, rtt, want)
		}
	}
}

// TestTrip takes the least of late.
func TestTrip(t *testing.T) {
	var known RTT
	for _, took := range []time.Duration{100, 400, 10, 10, 90} {
		known.Note(took * time.Millisecond)
	}
	if got := known.Get(); got != 20*time.Millisecond {
		t.Errorf("a rtt takes %v, want 20ms", got)
	}
}

func TestPaceAlone(t *testing.T) {
	c := newPacedClient(1)
	c.run(5, 90*time.Millisecond, 1<<20)
	if c.pace.Streams != 1 {
		t.Errorf("%d GETs where the configuration allows one", c.pace.Streams)
	}
}

// TestPaceAfterBurst has a download begin with what came while its client was still asking: that is
// not the rate of one GET.
func TestPaceAfterBurst(t *testing.T) {
	c := newPacedClient(8)
	c.pace.Moved(100 << 20)
	c.run(3, 90*time.Millisecond, 1<<20)
	c.run(10, 90*time.Millisecond, 2*1<<20)
	if c.pace.Streams != 8 {
		t.Errorf("%d GETs where several are twice as fast as one, want 8", c.pace.Streams)
	}
}

// TestPaceOfStoreThatBecomesSlower has two GETs be no better than one, until one becomes half as
// fast.
func TestPaceOfStoreThatBecomesSlower(t *testing.T) {
	c := newPacedClientAt(8, time.Millisecond)
	c.run(9, 90*time.Millisecond, 4*1<<20)
	if c.pace.Streams != 1 || c.pace.missed == 0 {
		t.Fatalf("%d GETs, want one again after two were tried", c.pace.Streams)
	}
	for range 6 {
		c.run(1, 90*time.Millisecond, int64(min(2*c.pace.Streams, 4))*1<<20)
	}
	if c.pace.Streams < 2 {
		t.Errorf("%d GETs where two are twice as fast as one has become", c.pace.Streams)
	}
}

// TestPaceOfContentClient has more requests make the client wait less, while what comes in one
// period says little: what is in the way then is the client.
func TestPaceOfContentClient(t *testing.T) {
	c := newPacedClient(8)
	c.run(3, 90*time.Millisecond, 1<<20)
	c.run(20, 20*time.Millisecond, 1<<20)
	if c.pace.Streams != 8 {
		t.Errorf("%d GETs, want 8: with those the client waited no longer", c.pace.Streams)
	}
}

// TestPaceAtLeast has a file that wants two GETs keep the more that a slow store got meanwhile.
func TestPaceAtLeast(t *testing.T) {
	c := newPacedClient(8)
	c.pace.AtLeast(2)
	if c.pace.Streams != 2 {
		t.Errorf("%d GETs, want 2", c.pace.Streams)
	}
	c.run(3, 90*time.Millisecond, 1<<20)
	c.pace.AtLeast(2)
	if c.pace.Streams != 8 {
		t.Errorf("%d GETs after a step to 8, want those", c.pace.Streams)
	}
	one := New(1, 1, 0)
	if one.AtLeast(2); one.Streams != 1 {
		t.Errorf("%d GETs where the configuration allows one", one.Streams)
	}
}
