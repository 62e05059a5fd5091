package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"filegate/core/audit"
	"filegate/core/config"
)

// run delivers the events of a hook until its queue is closed and empty.
func (h *Hooks) run(k *hook) {
	defer k.end()
	for r := range k.queue {
		if err := h.deliver(k, r); err != nil {
			h.dropped(k, err.Error())
			continue
		}
		h.observer.Event(k.config.Name, "delivered")
	}
}

// deliver makes attempts until one succeeds, the error is final, or the time for the event is over.
func (h *Hooks) deliver(k *hook, r audit.Record) error {
	ctx, cancel := context.WithTimeout(k.life, k.config.RetryFor+k.config.Timeout)
	defer cancel()
	body, id := r.Line(), rand.Text()
	pause := h.pause
	until := time.Now().Add(k.config.RetryFor)
	for {
		attempt, done := context.WithTimeout(ctx, k.config.Timeout)
		err := k.send(attempt, r.Event, id, body)
		done()
		if err == nil || errors.Is(err, errFinal) || k.life.Err() != nil || time.Now().Add(pause).After(until) {
			return err
		}
		h.log.Debug("an event is not delivered yet", "hook", k.config.Name, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

// dropped counts an event that is not delivered, and logs it at intervals.
func (h *Hooks) dropped(k *hook, why string) {
	h.observer.Event(k.config.Name, "dropped")
	k.lost.tell(func(count int) {
		h.log.Warn("events are not delivered", "hook", k.config.Name, "count", count, "err", why)
	})
}

// sender makes one attempt to deliver an event. id is the same in all attempts. If an error wraps
// errFinal, a further attempt would fail in the same way.
type sender func(ctx context.Context, event, id string, body []byte) error

var errFinal = errors.New("not tried again")

func newSender(c *config.EventHook) sender {
	if c.URL == "" {
		return func(ctx context.Context, event, _ string, body []byte) error {
			return runProgram(ctx, c.Command, event, body)
		}
	}
	client := &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}, MaxIdleConns: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, event, id string, body []byte) error {
		return post(ctx, client, c, event, id, body)
	}
}

// post sends an event to a web address. Its signature is the HMAC-SHA256 of the time, a dot and the
// body.
func post(ctx context.Context, client *http.Client, c *config.EventHook, event, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", err, errFinal)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Filegate-Event", event)
	req.Header.Set("Filegate-Delivery", id)
	if secret := c.Secret.Reveal(); secret != "" {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s", now, body)
		req.Header.Set("Filegate-Signature", "t="+now+",v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp, err := client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the text of a url.Error contains the URL, which may contain a token
		}
		return err
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil && !errors.Is(err, io.EOF) { // read, so that the connection can be reused
		return err
	}
	err = &answer{resp.StatusCode, resp.Status}
	switch s := resp.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s >= 500, s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests:
		return err
	default:
		return fmt.Errorf("%w: %w", err, errFinal)
	}
}

// answer is a response that reports a failure.
type answer struct {
	code int
	text string
}

// Error implements error.
func (a *answer) Error() string { return "the receiver answered " + a.text }

// maxComplaint is the maximum number of bytes of a program's error output in an error.
const maxComplaint = 1 << 10

// runProgram passes an event to a program on its standard input. At the end of ctx it kills the
// program and all processes that the program has started.
func runProgram(ctx context.Context, command []string, event string, body []byte) error {
	complaint := &first{max: maxComplaint}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "FILEGATE_EVENT=" + event}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stderr = bytes.NewReader(body), complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for processes that keep the output open
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // the program itself has succeeded
		return nil
	}
	if text := bytes.TrimSpace(complaint.buf.Bytes()); err != nil && len(text) > 0 {
		err = fmt.Errorf("%w: %q", err, text)
	}
	return err
}

// first keeps the first bytes that are written to it.
type first struct {
	buf bytes.Buffer
	max int
}

// Write implements [io.Writer].
func (f *first) Write(p []byte) (int, error) {
	f.buf.Write(p[:min(len(p), f.max-f.buf.Len())])
	return len(p), nil
}
