package admin

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

// pageFiles are the status page: it needs nothing from elsewhere.
//
//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"size": size,
	"used": func(b Backend) int64 { return b.Memory - b.Free },
}).ParseFS(pageFiles, "page/page.html"))

const (
	// maxRows is the largest number of rows in a table of the page.
	maxRows = 200
	// pageEvery is the interval at which the page is sent again to its watchers.
	pageEvery = 2 * time.Second
	// maxWatchers is how many clients may watch the page at the same time.
	maxWatchers = 20
	// watchFor is how long a client may watch with one request. A browser then repeats the request
	// by itself.
	watchFor = time.Hour
)

// page is the data of the status page.
type page struct {
	Now                                   time.Time
	Status                                Status
	Sessions                              []Session
	Transfers                             []Transfer
	Bans                                  []Ban
	MoreSessions, MoreTransfers, MoreBans int
	Memory                                int64
	Requests, Failed                      int64 // of all backends
	Seconds                               float64
}

func (s *Server) newPage() *page {
	g := s.opts.Gateway
	p := &page{Now: time.Now(), Status: g.Status()}
	p.Memory = int64(min(p.Status.Memory, 1<<62))
	p.Sessions, p.MoreSessions = some(g.Sessions())
	p.Transfers, p.MoreTransfers = some(g.Transfers())
	p.Bans, p.MoreBans = some(g.Bans())
	for _, b := range p.Status.Backends {
		p.Requests += b.Requests
		p.Failed += b.Failed
		p.Seconds += b.Seconds
	}
	return p
}

// some returns the rows that the page shows, and the number of further ones.
func some[T any](all []T) ([]T, int) {
	n := min(len(all), maxRows)
	return all[:n], len(all) - n
}

// Since returns how long ago a time was.
func (p *page) Since(t time.Time) string { return p.Now.Sub(t).Round(time.Second).String() }

// Until returns how long it is until a time.
func (p *page) Until(t time.Time) string { return t.Sub(p.Now).Round(time.Second).String() }

// Rate returns the rate of a transfer.
func (p *page) Rate(t Transfer) string { return size(int64(t.Rate(p.Now))) + "/s" }

// Left returns the remaining time of a transfer, or "" if it is unknown.
func (p *page) Left(t Transfer) string {
	if left, ok := t.Left(p.Now); ok {
		return left.String()
	}
	return ""
}

// Mean returns the average duration of a backend's requests.
func (p *page) Mean(b Backend) string {
	if b.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f ms", 1000*b.Seconds/float64(b.Requests))
}

// size returns a number of bytes in readable form.
func size(n int64) string {
	const units = "KMGTPE"
	f, i := float64(n), -1
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i < 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

// show answers with the current page.
func (s *Server) show(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, s.newPage()); err != nil {
		s.opts.Log.Error("the status page cannot be made", "err", err)
		http.Error(w, "the status page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The page may load nothing from other places, and nothing that a name on the page may contain.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(out.Bytes())
}

// watch sends the content of the page at intervals, as server-sent events.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		http.Error(w, "too many watch the status page", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	tick := time.NewTicker(pageEvery)
	defer tick.Stop()
	over := time.NewTimer(watchFor)
	defer over.Stop()
	for {
		var text bytes.Buffer
		if err := pageTemplate.ExecuteTemplate(&text, "live", s.newPage()); err != nil {
			return
		}
		line, err := json.Marshal(text.String()) // one line
		if err != nil {
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := fmt.Fprintf(w, "data: %s\n\n", line); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-over.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// pageFile answers with one of the page's files.
func pageFile(name, contentType string) http.HandlerFunc {
	text, err := fs.ReadFile(pageFiles, "page/"+name)
	return func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			http.Error(w, "not there", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(text)
	}
}
