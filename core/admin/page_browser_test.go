package admin

import (
	"bytes"
	"context"
	"flag"
	"image/png"
	"math"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the picture of the status page anew")

// busyGateway has sessions and transfers that go on, and a client with a hostile name.
type busyGateway struct {
	fakeGateway
	mu    sync.Mutex
	began time.Time
	asked int64           // how often for transfers
	ended map[string]bool // sessions and bans
	still bool            // for a picture: bytes grow with the time only
}

const hostile = `<img src=x onerror="pwned=1"><script>pwned=2</script>`

func newBusyGateway() *busyGateway {
	return &busyGateway{began: time.Now(), ended: map[string]bool{}}
}

func (g *busyGateway) ago(d time.Duration) time.Time { return g.began.Add(-d) }

func (g *busyGateway) end(what string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended[what] = true
	return 1
}

func (g *busyGateway) Status() Status {
	transfers := g.Transfers()
	return Status{
		Version: "1.4.0", PID: 1142, Ready: true, Began: g.ago(76 * time.Hour), Sessions: len(g.Sessions()), Transfers: len(transfers), Bans: len(g.Bans()),
		In: 815<<30 + transfers[0].Bytes, Out: 2210<<30 + transfers[1].Bytes + transfers[2].Bytes/3, Memory: 384 << 20,
		Frontends:      []Frontend{{Kind: "ssh", Name: "public", Listen: []string{"[::]:22"}}, {Kind: "ftp", Name: "public", Listen: []string{"[::]:21", "[::]:990"}}},
		Authenticators: []Authenticator{{Name: "cloud", Kind: "keystone", Version: "1.4.0"}, {Name: "staff", Kind: "ldap", Version: "1.4.0", Trouble: "ldap.example.com: connection refused"}},
		Backends:       []Backend{{Kind: "swift", Name: "main", Requests: 918_273 + transfers[0].Bytes>>20, Failed: 12, Seconds: 31_200 + float64(transfers[0].Bytes>>20)/29 + 5*math.Sin(float64(transfers[0].Bytes>>28)), Memory: 512 << 20, Free: 300 << 20}},
	}
}

func (g *busyGateway) Sessions() []Session {
	remote := netip.MustParseAddrPort
	all := []Session{
		{ID: "s1", User: "alice", Service: "sftp", Program: "rclone/v1.60", Remote: remote("192.0.2.17:50412"), Began: g.ago(260 * time.Second), In: 3 << 30, Transfers: 2},
		{ID: "s2", User: "backup", Service: "ftps", Program: "lftp 4.9.2", Remote: remote("198.51.100.4:41022"), Began: g.ago(3 * time.Hour), In: 41 << 30, Out: 7 << 20, Transfers: 1},
		{ID: "s3", User: "studio-nine", Service: "sftp", Program: "OpenSSH_9.2p1", Remote: remote("[2001:db8::7]:60111"), Began: g.ago(11 * time.Minute), Out: 1 << 30},
		{ID: "s4", User: hostile, Service: "ftp", Program: "<b>bold</b>", Remote: remote("203.0.113.66:2121"), Began: g.ago(42 * time.Second)},
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(all, func(s Session) bool { return g.ended[s.ID] })
}

func (g *busyGateway) Transfers() []Transfer {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	more := g.asked * 37 << 20
	if g.still {
		s := time.Since(g.began).Seconds()
		more = int64((37*s + 20*math.Sin(s/4) + 5*math.Sin(s)) * (1 << 20))
	}
	all := []Transfer{
		{Session: "s1", User: "alice", Op: "upload", Path: "/footage/2026-11-30/camera-2.mov", Bytes: 2<<30 + more, Began: g.ago(61 * time.Second)},
		{Session: "s1", User: "alice", Op: "download", Path: "/footage/index.json", Bytes: 48<<10 + more>>14, Size: 1 << 20, Began: g.ago(2 * time.Second)},
		{Session: "s2", User: "backup", Op: "download", Path: "/dumps/orders.sql.zst", Bytes: 5<<30 + more, Size: 9 << 30, Began: g.ago(97 * time.Second)},
		{Session: "s4", User: hostile, Op: "upload", Path: "/" + hostile, Bytes: 12 << 10, Began: g.ago(time.Second)},
	}
	return slices.DeleteFunc(all, func(t Transfer) bool { return g.ended[t.Session] })
}

func (g *busyGateway) Bans() []Ban {
	all := []Ban{
		{Of: "address", Name: "203.0.113.9", Until: g.began.Add(9 * time.Minute)},
		{Of: "user", Name: "admin", Until: g.began.Add(42 * time.Minute)},
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(all, func(b Ban) bool { return g.ended[b.Name] })
}

func (g *busyGateway) KickSession(id string) int { return g.end(id) }

func (g *busyGateway) LiftBan(_ context.Context, _, name string) error {
	g.end(name)
	return nil
}

// show prepares for a picture, without the hostile client.
func (g *busyGateway) show() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.still = true
	g.ended = map[string]bool{"s4": true}
}

// luminance is that of WCAG 2.
func luminance(rgb [3]float64) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := rgb[i] / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// contrast is the ratio of WCAG 2 between two colours, of 1 to 21.
func contrast(a, b [3]float64) float64 {
	l, m := luminance(a), luminance(b)
	return (max(l, m) + 0.05) / (min(l, m) + 0.05)
}

// TestPageInBrowser shows the page in Chromium. With -update it also takes the picture of the
// README.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	g := newBusyGateway()
	b := startBrowser(t)
	url := "http://" + serve(t, g, token)[loopback] + "/"
	scheme := func(name string) {
		b.tell("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": name}}})
	}
	// content is everything that a person can read.
	const content = `document.body.innerText`
	check := func(when string) {
		t.Helper()
		if c := b.complaints(); len(c) > 0 {
			t.Errorf("%s: the browser complains: %s", when, strings.Join(c, "\n"))
		}
		if n := value[int](b, `document.querySelectorAll("#live img, #live script, #live b").length`); n > 0 {
			t.Errorf("%s: %d elements come from names", when, n)
		}
		if v := value[string](b, `typeof pwned`); v != "undefined" {
			t.Errorf("%s: a name was run as a script", when)
		}
	}

	// Without JavaScript everything is there to read, but there is nothing to click.
	b.tell("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	b.open(url)
	text := value[string](b, content)
	for _, want := range []string{"studio-nine", "/footage/index.json", "203.0.113.9", "connection refused", "MiB/s", "Load the page again", hostile, "/" + hostile} {
		if !strings.Contains(text, want) {
			t.Errorf("without JavaScript the page does not have %s:\n%s", want, text)
		}
	}
	if n := value[int](b, `document.querySelectorAll("button:not([hidden]), #plots").length`); n > 0 {
		t.Errorf("without JavaScript there are %d elements that need it", n)
	}
	if n := value[int](b, `document.querySelectorAll("progress").length`); n != 2 {
		t.Errorf("%d files have a progress, want 2", n)
	}
	check("without JavaScript")

	// With it, numbers change without another load.
	b.tell("Emulation.setScriptExecutionDisabled", map[string]any{"value": false})
	b.open(url)
	b.until(`document.getElementById("state").textContent === "Live."`)
	value[any](b, `was = Array.from(document.querySelectorAll("section:first-of-type tbody tr:nth-child(3) :is(td.n, progress)"), (e) => e.value || e.textContent)`)
	b.until(`Array.from(document.querySelectorAll("section:first-of-type tbody tr:nth-child(3) :is(td.n, progress)"), (e) => e.value || e.textContent).every((now, i) => now !== was[i]) && was.length === 4`)
	b.until(`document.querySelectorAll("polyline[points]").length === 5`)
	if text := value[string](b, content); !strings.Contains(text, "/"+hostile) || !strings.Contains(text, "Files in: ") {
		t.Errorf("the live page is:\n%s", text)
	}
	check("live")

	// A click with the token changes something; one without does not.
	const refused = "network: Failed to load resource: the server responded with a status of 401"
	click := func(button string, want ...string) {
		t.Helper()
		value[any](b, `document.querySelector('`+button+`').click()`)
		for _, text := range want {
			if got := b.dialog(); !strings.HasPrefix(got, text) {
				t.Errorf("%s: dialog %q, want %q", button, got, text)
			}
		}
	}
	b.answer("wrong", token)
	click("[data-kick=s2]", "confirm: End this session?", "prompt: ", "alert: ")
	if n := len(g.Sessions()); n != 4 {
		t.Errorf("with a wrong token, %d sessions are left of 4", n)
	}
	click("[data-kick=s2]", "confirm: End this session?", "prompt: ")
	click(`[data-lift="203.0.113.9"]`)
	b.until(`!document.querySelector("[data-kick=s2], [data-lift='203.0.113.9']") && document.querySelectorAll("[data-kick], [data-lift]").length === 4`)
	for _, c := range b.complaints() {
		if !strings.HasPrefix(c, refused) {
			t.Errorf("after clicks the browser complains: %s", c)
		}
	}
	check("after clicks")

	// Text can be read on its background in both colour schemes. The contrast is that of WCAG 2.
	ground, told := map[string][3]float64{}, map[[3]float64]bool{}
	for _, name := range []string{"light", "dark"} {
		scheme(name)
		picture := b.picture()
		at, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		red, green, blue, _ := at.At(2, 2).RGBA()
		ground[name] = [3]float64{float64(red >> 8), float64(green >> 8), float64(blue >> 8)}
		for _, c := range value[[]struct {
			Text string
			RGBA []float64
		}](b, `Array.from(document.querySelectorAll("h1, h1 small, h2, p, dt, dd, th, td"), (e) => ({ text: e.tagName + " " + e.className + " " + e.textContent, rgba: getComputedStyle(e).color.match(/[\d.]+/g).map(Number) }))`) {
			ink, alpha := ground[name], 1.0
			if len(c.RGBA) == 4 {
				alpha = c.RGBA[3]
			}
			for i := range ink {
				ink[i] += (c.RGBA[i] - ink[i]) * alpha
			}
			if ratio := contrast(ink, ground[name]); ratio < 4.5 && !told[ink] {
				told[ink] = true
				t.Errorf("%s: %.40q has a contrast of %.1f, want 4.5", name, c.Text, ratio)
			}
		}
	}
	if l, d := luminance(ground["light"]), luminance(ground["dark"]); l < 0.8 || d > 0.05 {
		t.Errorf("the light background has a luminance of %.2f, the dark one of %.2f", l, d)
	}

	if *update {
		g.show()
		scheme("light")
		b.open(url)
		b.until(`(document.querySelector("polyline[points]")?.getAttribute("points").split(" ").length ?? 0) >= 20`)
		if err := os.WriteFile("page.png", b.picture(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat("page.png"); err != nil || info.Size() > 200<<10 {
		t.Errorf("the picture for the README: %v, %v, want at most 200 KiB", info, err)
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.seen {
		if !strings.HasPrefix(address, url) {
			t.Errorf("the page asks for %s", address)
		}
	}
}
