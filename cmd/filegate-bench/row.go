package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// row is a measurement that several contestants take part in.
type row struct {
	name        string // for -rows
	title       string
	unit        string // the unit of the figures
	less        bool   // a smaller figure is better
	contestants []contestant
	rtt         time.Duration // additional delay to Swift
	// Starts a server for each measurement, so that its caches are empty. Otherwise for each row.
	fresh    bool
	once     bool // one round is enough
	sessions int  // concurrent sessions, if the row is about their number

	prepare func(ctx context.Context, b *bench) error // nil: nothing to prepare
	// Runs once for each server before the first measurement; nil: nothing.
	warm    func(ctx context.Context, b *bench, t *turn) error
	measure func(ctx context.Context, b *bench, t *turn) (figure, error)
}

// contestant is a client and the kind of server that it talks to.
type contestant struct {
	client   client
	peer     peer
	settings []string // differences from the default settings of the server
}

func (c contestant) String() string {
	return strings.TrimSpace(c.client.name + ", " + c.peer.name + " " + strings.Join(c.settings, " "))
}

// turn is a turn of a contestant.
type turn struct {
	contestant
	*place
	round int
}

// first reports whether the transferred data is checked too.
func (t *turn) first() bool { return t.round == 0 }

// figure is the result of a measurement.
type figure struct {
	value float64
	// Bytes, for the server's CPU time per GiB. 0: the CPU time is not shown.
	moved int64
}

// perSecond returns the figure for n units of the row, and moved bytes, in the given time.
func perSecond(n float64, moved int64, took time.Duration) figure {
	return figure{n / took.Seconds(), moved}
}

// line is the result of a contestant in a row.
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

// result is the result of a row.
type result struct {
	Row    string  `json:"row"`
	Title  string  `json:"title"`
	Unit   string  `json:"unit"`
	Less   bool    `json:"less_is_better,omitempty"`
	Lines  []*line `json:"lines"`
	Failed string  `json:"failed,omitempty"`

	// Concurrent sessions, if the row is about their number.
	Sessions int `json:"sessions,omitempty"`
}

// player is a contestant in a running row.
type player struct {
	contestant
	place *place
	line  *line
}

// run runs the rounds of a row.
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
	// A run may take longer than the lifetime of a token.
	if err := b.swift.logIn(ctx); err != nil {
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
			p := players[(i+round)%len(players)] // so that no contestant is always the first
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

// oneLine returns an error as one line, shortened in the middle.
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

// take runs one turn of a player.
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
