package admin

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// manyGateway has more than the page shows, and names that try to be more than names.
type manyGateway struct{ fakeGateway }

const evil = `<script>alert("x")</script>`

func (g *manyGateway) Status() Status {
	return Status{
		Version: "1.2", Ready: true, Began: time.Now().Add(-time.Hour), In: 3 << 20,
		Frontends:      []Frontend{{Kind: "ssh", Name: "public", Listen: []string{"[::]:22"}}},
		Authenticators: []Authenticator{{Name: "cloud", Kind: "keystone", Trouble: evil}},
		Backends:       []Backend{{Kind: "swift", Name: "main", Requests: 4, Seconds: 1, Memory: 8 << 20, Free: 6 << 20}},
	}
}

func (g *manyGateway) Sessions() []Session {
	all := make([]Session, maxRows+7)
	for i := range all {
		all[i] = Session{User: "alice", Program: evil}
	}
	return all
}

func (g *manyGateway) Transfers() []Transfer {
	return []Transfer{{User: "alice", Op: "upload", Path: "/" + evil, Bytes: 1 << 20, Size: 2 << 20, Began: time.Now().Add(-time.Second)}}
}

// fetch returns an answer's status, header and body.
func fetch(t *testing.T, url string) (status int, header http.Header, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// TestPage shows everything without a script, escapes names, and asks for nothing from elsewhere.
func TestPage(t *testing.T) {
	url := "http://" + serve(t, &manyGateway{}, "")[loopback] + "/"
	_, header, text := fetch(t, url)
	for _, want := range []string{
		"filegate <small>1.2</small>", "Up for 1h0m0s", "3.0 MiB", "And 7 more", "[::]:22", "250 ms", "2.0 MiB of 8.0 MiB", `<progress max="2097152" value="1048576">`,
		"&lt;script&gt;",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %s", want)
		}
	}
	if strings.Contains(text, evil) {
		t.Error("a name is a script")
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("the page may do too much: %q", csp)
	}
	all := text
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		status, _, more := fetch(t, url+m[1])
		if status != http.StatusOK {
			t.Errorf("%s: %d", m[1], status)
		}
		all += more
	}
	if regexp.MustCompile(`https?://`).MatchString(all) {
		t.Error("something comes from elsewhere")
	}
	if !strings.Contains(all, "prefers-color-scheme: dark") {
		t.Error("there is no dark form")
	}
}

// TestEvents sends the page's middle as one event at a time, to no more than some.
func TestEvents(t *testing.T) {
	url := "http://" + serve(t, &manyGateway{}, "")[loopback] + "/events"
	open := func() (status int, events *bufio.Reader) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp.StatusCode, bufio.NewReader(resp.Body)
	}
	for i := range maxWatchers {
		_, events := open()
		line, err := events.ReadString('\n')
		data, ok := strings.CutPrefix(line, "data: ")
		var part string
		if err != nil || !ok || json.Unmarshal([]byte(data), &part) != nil || !strings.Contains(part, `id="figures"`) || strings.Contains(part, evil) {
			t.Fatalf("watcher %d got %q, %v", i, line, err)
		}
	}
	if status, _ := open(); status != http.StatusServiceUnavailable {
		t.Errorf("one watcher too many: %d", status)
	}
}
