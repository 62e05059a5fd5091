package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"filegate/core/testneed"
)

// browser is a Chromium with one tab. It is steered over two pipes by the DevTools protocol:
// JSON messages that end with a zero byte.
type browser struct {
	t    *testing.T
	in   *os.File
	tab  string // the DevTools session of the tab
	ctx  context.Context
	done chan struct{} // closed when Chromium has ended

	mu      sync.Mutex
	last    int
	replies map[int]chan message
	loaded  chan struct{}       // gets an element for each page that was loaded
	seen    []string            // addresses of requests
	faults  []string            // what the console and the security policy complain about
	dialogs chan string         // texts of dialogs
	answers map[string][]string // by type of dialog, what is typed into the next ones
}

type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// startBrowser starts Chromium, and ends it with the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		testneed.Missing(t, "chromium shows the page")
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // not that of the test, which ends before the clean-up
	cmd := exec.CommandContext(ctx, program, "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-extensions", "--disable-breakpad", "--no-first-run", "--hide-scrollbars", "--window-size=1180,980",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--user-data-dir="+t.TempDir())
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // Chromium reads from file descriptor 3 and writes to 4
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{
		t: t, in: in, ctx: ctx, done: make(chan struct{}), replies: map[int]chan message{},
		loaded: make(chan struct{}, 16), dialogs: make(chan string, 16), answers: map[string][]string{},
	}
	go b.read(out)
	t.Cleanup(func() {
		b.send("", "Browser.close", nil)
		err := cmd.Wait()
		in.Close()
		<-b.done
		out.Close()
		cancel()
		if err != nil {
			t.Logf("chromium ended: %v\n%s", err, &log)
		}
	})
	var target struct{ TargetID string }
	b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.tab = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network", "Audits"} {
		b.call(b.tab, domain+".enable", nil, nil)
	}
	return b
}

// read takes Chromium's messages until it ends.
func (b *browser) read(out *os.File) {
	defer close(b.done)
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(bytes.TrimSuffix(line, []byte{0}), &m); err != nil {
			b.t.Errorf("chromium says %.200q: %v", line, err)
			return
		}
		if m.ID == 0 {
			b.event(m)
			continue
		}
		b.mu.Lock()
		reply := b.replies[m.ID]
		delete(b.replies, m.ID)
		b.mu.Unlock()
		reply <- m
	}
}

func (b *browser) event(m message) {
	var p struct {
		Type, Message string
		Request       struct{ URL string }
		Entry         struct{ Source, Level, Text, URL string }
		Args          []struct{ Value any }
	}
	_ = json.Unmarshal(m.Params, &p)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded <- struct{}{}
	case "Network.requestWillBeSent":
		b.seen = append(b.seen, p.Request.URL)
	case "Log.entryAdded":
		b.faults = append(b.faults, fmt.Sprint(p.Entry.Source, ": ", p.Entry.Text, " ", p.Entry.URL))
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Audits.issueAdded":
		b.faults = append(b.faults, fmt.Sprintf("%s: %s", m.Method, m.Params))
	case "Page.javascriptDialogOpening":
		b.dialogs <- p.Type + ": " + p.Message
		answer := map[string]any{"accept": true}
		if texts := b.answers[p.Type]; len(texts) > 0 {
			answer["promptText"], b.answers[p.Type] = texts[0], texts[1:]
		}
		b.sendLocked(b.tab, "Page.handleJavaScriptDialog", answer)
	}
}

// send sends a command, and returns where its reply arrives.
func (b *browser) send(session, method string, params any) <-chan message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sendLocked(session, method, params)
}

func (b *browser) sendLocked(session, method string, params any) <-chan message {
	b.last++
	reply := make(chan message, 1)
	b.replies[b.last] = reply
	m := message{ID: b.last, SessionID: session, Method: method}
	if params != nil {
		m.Params, _ = json.Marshal(params)
	}
	line, _ := json.Marshal(m)
	_, _ = b.in.Write(append(line, 0)) // without a reader, the reply is missing
	return reply
}

// call sends a command and waits for its result.
func (b *browser) call(session, method string, params, result any) {
	b.t.Helper()
	var m message
	select {
	case m = <-b.send(session, method, params):
	case <-b.done:
		b.t.Fatalf("%s: chromium has ended", method)
	case <-b.ctx.Done():
		b.t.Fatalf("%s(%v): no answer in time", method, params)
	}
	if m.Error != nil {
		b.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatalf("%s: %v in %s", method, err, m.Result)
		}
	}
}

// tell sends a command to the tab.
func (b *browser) tell(method string, params map[string]any) {
	b.t.Helper()
	b.call(b.tab, method, params, nil)
}

// open loads a page.
func (b *browser) open(url string) {
	b.t.Helper()
	b.tell("Page.navigate", map[string]any{"url": url})
	b.wait(b.loaded, "the page is not loaded")
}

// picture returns the visible part of the page as a PNG.
func (b *browser) picture() []byte {
	b.t.Helper()
	var r struct{ Data []byte } // base64
	b.call(b.tab, "Page.captureScreenshot", map[string]any{"format": "png"}, &r)
	return r.Data
}

func (b *browser) wait(c <-chan struct{}, otherwise string) {
	b.t.Helper()
	select {
	case <-c:
	case <-b.done:
		b.t.Fatal("chromium has ended: " + otherwise)
	case <-b.ctx.Done():
		b.t.Fatal("timeout: " + otherwise)
	}
}

// value returns what an expression has as its value, after the end of a promise.
func value[T any](b *browser, expression string) T {
	b.t.Helper()
	var r struct {
		Result           struct{ Value T }
		ExceptionDetails json.RawMessage
	}
	b.call(b.tab, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, r.ExceptionDetails)
	}
	return r.Result.Value
}

// until waits for a condition of the page, which is looked at again after each change.
func (b *browser) until(condition string) {
	b.t.Helper()
	value[bool](b, `new Promise((ok) => {
		const look = () => { if (`+condition+`) { o.disconnect(); ok(true); } };
		const o = new MutationObserver(look);
		o.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		look();
	})`)
}

// complaints returns what was complained about since the last call.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.faults
	b.faults = nil
	return all
}

// answer sets what is typed into the next prompts.
func (b *browser) answer(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers["prompt"] = texts
}

// dialog waits for the next dialog, and returns its type and text.
func (b *browser) dialog() string {
	b.t.Helper()
	select {
	case text := <-b.dialogs:
		return text
	case <-b.ctx.Done():
		b.t.Fatal("timeout: there is no dialog")
		return ""
	}
}
