package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// row is one thing that is measured, by several contestants.
type row struct {
	name        string // for -rows
	title       string
	unit        string // of what measure returns
	less        bool   // the smaller figure is the better one
	contestants []contestant
	rtt         time.Duration // to Swift, beside what there is
	fresh       bool          // a server for each measurement, so that none knows anything yet; else one for the row
	once        bool          // one round is enough
	sessions    int           // at once, where the row is about their number

	prepare func(ctx context.Context, b *bench) error          // nil: nothing
	warm    func(ctx context.Context, b *bench, t *turn) error // once for each server, before it is measured; nil: nothing
	measure func(ctx context.Context, b *bench, t *turn) (figure, error)
}

// contestant is a client with the kind of server it talks to.
type contestant struct {
	client   client
	peer     peer
	settings []string // what differs from how the peer comes
}

func (c contestant) String() string {
	return strings.TrimSpace(c.client.name + ", " + c.peer.name + " " + strings.Join(c.settings, " "))
}

// turn is a contestant's.
type turn struct {
	contestant
	*place
	round int
}

// first reports whether what is moved is looked at, too.
func (t *turn) first() bool { return t.round == 0 }

// figure is what a measurement has found.
type figure struct {
	value float64
	moved int64 // bytes, for the server's CPU by GiB; 0: that is not to be told
}

// perSecond is a figure for so many of the row's unit, of so many bytes in all, in a time.
func perSecond(n float64, moved int64, took time.Duration) figure {
	return figure{n / took.Seconds(), moved}
}

// line is what a row has found of a contestant.
type line struct {
	Client   string    `json:"client"`
	Server   string    `json:"server"`
	Settings []string  `json:"settings,omitempty"`
	Values   []float64 `json:"values"` // in the order of the rounds
	Spread   spread    `json:"spread"`
	CPU      []float64 `json:"cpu_seconds_per_gib,omitempty"`
	Peak     int64     `json:"peak_bytes,omitempty"`
	Failed   string    `json:"failed,omitempty"`
}

// result is what a row has found.
type result struct {
	Row    string  `json:"row"`
	Title  string  `json:"title"`
	Unit   string  `json:"unit"`
	Less   bool    `json:"less_is_better,omitempty"`
	Lines  []*line `json:"lines"`
	Failed string  `json:"failed,omitempty"`

	Sessions int `json:"sessions,omitempty"` // at once, where the row is about their number
}

// player is a contestant in a row that runs.
type player struct {
	contestant
	place *place
	line  *line
}

// run lets the contestants take turns.
func (r row) run(ctx context.Context, b *bench) *result {
	res := &result{Row: r.name, Title: r.title, Unit: r.unit, Less: r.less, Sessions: r.sessions}
	if err := r.play(ctx, b, res); err != nil {
		res.Failed = err.Error()
		b.progress("%s: failed: %v", r.name, err)
	}
	for _, l := range res.Lines {
		l.Spread = spreadOf(l.Values)
	}
	if err := b.clear(context.WithoutCancel(ctx)); err != nil {
		b.progress("%s: cleaning up: %v", r.name, err)
	}
	return res
}

func (r row) play(ctx context.Context, b *bench, res *result) error {
	if err := b.swift.logIn(ctx); err != nil { // a run may take longer than a token lives
		return err
	}
	store := b.swift
	if r.rtt > 0 {
		far, err := b.swift.away(ctx, r.rtt)
		if err != nil {
			return err
		}
		defer far.path.close()
		store = far.swift
	}
	if r.prepare != nil {
		b.progress("%s: preparing", r.name)
		if err := r.prepare(ctx, b); err != nil {
			return err
		}
	}
	var players []*player
	for _, c := range r.contestants {
		p := &player{contestant: c, line: &line{Client: c.client.name, Server: c.peer.name, Settings: c.settings}}
		res.Lines = append(res.Lines, p.line)
		players = append(players, p)
	}
	defer func() {
		for _, p := range players {
			p.leave()
		}
	}()
	rounds := b.rounds
	if r.once {
		rounds = 1
	}
	for round := range rounds {
		for i := range players {
			p := players[(i+round)%len(players)] // nobody is always the first
			if p.line.Failed != "" {
				continue
			}
			err := p.take(ctx, b, store, r, round)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				p.line.Failed = oneLine(err)
				b.progress("%s: %v: failed: %s", r.name, p.contestant, p.line.Failed)
				p.leave()
			} else {
				b.progress("%s: %v: %.4g %s", r.name, p.contestant, p.line.Values[len(p.line.Values)-1], r.unit)
			}
		}
	}
	return nil
}

// oneLine is an error for the table, with the end of what a program has said.
func oneLine(err error) string {
	const most = 400
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) <= most {
		return text
	}
	return text[:most/2] + " … " + text[len(text)-most/2:]
}

// leave stops the player's server.
func (p *player) leave() {
	if p.place != nil {
		p.place.close()
		p.place = nil
	}
}

// take is one turn of a player.
func (p *player) take(ctx context.Context, b *bench, store *swift, r row, round int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("took longer than %v", b.patience))
	defer cancel()
	if p.place == nil {
		place, err := p.peer.start(ctx, b, store, p.client.protocol, p.settings)
		if err != nil {
			return err
		}
		p.place = place
		if r.warm != nil {
			if err := r.warm(ctx, b, &turn{p.contestant, place, round}); err != nil {
				return err
			}
		}
	}
	if r.fresh {
		defer p.leave()
	}
	before, err := p.place.quiet(ctx)
	if err != nil {
		return err
	}
	f, err := r.measure(ctx, b, &turn{p.contestant, p.place, round})
	if err != nil {
		return err
	}
	after, err := p.place.quiet(ctx)
	if err != nil {
		return err
	}
	p.line.Values = append(p.line.Values, f.value)
	p.line.Peak = max(p.line.Peak, after.peak)
	if f.moved > 0 && p.place.server != nil {
		p.line.CPU = append(p.line.CPU, (after.cpu-before.cpu).Seconds()/(float64(f.moved)/(1<<30)))
	}
	return nil
}
