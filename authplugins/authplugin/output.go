package authplugin

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"filegate/core/auth"
)

// The limits for the output of a program in the log.
const (
	maxLine        = 2 << 10 // bytes of a line
	linesPerSecond = 50
	linesAtOnce    = 200
	// dropsEvery is how often the number of dropped lines is logged.
	dropsEvery = time.Minute
)

// output writes the output of a program to the log, limited in length and rate. It is safe for
// concurrent use.
type output struct {
	log     *slog.Logger
	limiter *rate.Limiter
	masks   *masks
	watcher auth.Observer // may be nil

	mu      sync.Mutex
	dropped int         // number of dropped lines that are not logged yet
	summary *time.Timer // logs that number; nil while it is 0
	last    string      // the last line
	closed  bool
}

func newOutput(log *slog.Logger, m *masks, watcher auth.Observer) *output {
	return &output{log: log, limiter: rate.NewLimiter(linesPerSecond, linesAtOnce), masks: m, watcher: watcher}
}

// stream returns a writer for one of the program's streams.
func (o *output) stream(name string) io.Writer { return &lineWriter{output: o, stream: name} }

// lastLine returns the last line, for errors about the end of the program.
func (o *output) lastLine() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// close ends the output, because go-plugin may continue to copy for a moment after the end of the
// program.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.countDropped()
	o.closed = true
}

func (o *output) line(stream string, line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(bytes.TrimSpace(line)) == 0 {
		return
	}
	o.last = printable(o.masks.clean(string(line)), maxLine)
	if !o.limiter.Allow() {
		o.drop()
		return
	}
	level, text := leveled(o.last)
	o.log.Log(context.Background(), level, "authenticator output", "stream", stream, "line", text)
}

// drop counts a line that is not logged. It is called with mu held.
func (o *output) drop() {
	o.dropped++
	if o.watcher != nil {
		o.watcher.Dropped()
	}
	if o.summary == nil {
		o.log.Warn("authenticator output dropped: too much at once; a count follows", "every", dropsEvery)
		o.summary = time.AfterFunc(dropsEvery, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.countDropped()
		})
	}
}

// countDropped logs the number of dropped lines. It is called with mu held.
func (o *output) countDropped() {
	if o.summary == nil || o.closed {
		return
	}
	o.summary.Stop()
	o.summary = nil
	o.log.Warn("authenticator output dropped: too much at once", "lines", o.dropped)
	o.dropped = 0
}

// lineWriter splits its input into lines. It drops the part of a line after maxLine.
type lineWriter struct {
	output *output
	stream string

	mu   sync.Mutex
	line []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		rest = after
		w.line = append(w.line, line[:min(len(line), maxLine+1-min(len(w.line), maxLine+1))]...)
		if complete {
			w.output.line(w.stream, w.line)
			w.line = w.line[:0]
		}
	}
	return len(p), nil
}

// quiet keeps go-plugin from parsing the lines of a program as its own log format, which can panic.
// At level Off it ignores them.
type quiet struct{ hclog.Logger }

func newQuiet() quiet { return quiet{hclog.NewNullLogger()} }

// GetLevel implements hclog.Logger.
func (quiet) GetLevel() hclog.Level { return hclog.Off }

// Named implements hclog.Logger. The null logger's method would return the null logger, which has
// another level.
func (q quiet) Named(string) hclog.Logger { return q }
