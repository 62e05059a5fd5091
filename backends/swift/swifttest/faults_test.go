package swifttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filegate/backends/swift/swifttest"
)

// faulty starts a Swift with an object, path+"/o", of 100,000 bytes.
func faulty(t *testing.T) (srv *swifttest.Server, c *cloud, path string) {
	t.Helper()
	srv = swifttest.Start(t, swifttest.Config{})
	c = dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	path = "/c"
	c.do(http.MethodPut, path, "").is(201)
	c.put(path+"/o", fill("x", 100_000))
	srv.ForgetRequests()
	return srv, c, path
}

// try makes a request that may break. It returns the status, and the part of the body that has
// arrived.
func (c *cloud) try(method, path, body string) (status int, got string, err error) {
	c.t.Helper()
	var r io.Reader
	if method == http.MethodPut {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.storage+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", c.token)
	alone := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // because net/http tries a second time on a connection that was used before
	resp, err := alone.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestFaultStatus(t *testing.T) {
	ask := map[swifttest.Op][2]string{
		swifttest.HeadAccount:     {http.MethodHead, ""},
		swifttest.ListAccount:     {http.MethodGet, ""},
		swifttest.PostAccount:     {http.MethodPost, ""},
		swifttest.HeadContainer:   {http.MethodHead, "/c"},
		swifttest.ListContainer:   {http.MethodGet, "/c"},
		swifttest.PutContainer:    {http.MethodPut, "/c"},
		swifttest.PostContainer:   {http.MethodPost, "/c"},
		swifttest.DeleteContainer: {http.MethodDelete, "/c"},
		swifttest.HeadObject:      {http.MethodHead, "/c/o"},
		swifttest.GetObject:       {http.MethodGet, "/c/o"},
		swifttest.PutObject:       {http.MethodPut, "/c/o"},
		swifttest.PutManifest:     {http.MethodPut, "/c/o?multipart-manifest=put"},
		swifttest.GetManifest:     {http.MethodGet, "/c/o?multipart-manifest=get"},
		swifttest.PostObject:      {http.MethodPost, "/c/o"},
		swifttest.CopyObject:      {"COPY", "/c/o"},
		swifttest.DeleteObject:    {http.MethodDelete, "/c/o"},
		swifttest.DeleteManifest:  {http.MethodDelete, "/c/o?multipart-manifest=delete"},
		swifttest.BulkDelete:      {http.MethodPost, "?bulk-delete"},
	}
	srv, c, _ := faulty(t)
	for _, op := range swifttest.StorageOps() {
		remove := srv.Inject(swifttest.Rule{Op: op, Times: 1, Fault: swifttest.Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}}}})
		r := c.do(ask[op][0], ask[op][1], "").is(503, "Retry-After", "7")
		if n := srv.Count(op); n != 1 {
			t.Errorf("%s: the log has %d", op, n)
		}
		if ask[op][0] != http.MethodHead && !strings.Contains(r.body, "Service Unavailable") {
			t.Errorf("%s: %q", op, r.body)
		}
		remove()
	}
	c.do(http.MethodGet, "/c/o", "").is(200).says(fill("x", 100_000))
}

func TestFaultPoints(t *testing.T) {
	old := fill("x", 100_000)
	body := fill("n", 100_000)
	for _, tc := range []struct {
		name   string
		method string
		fault  swifttest.Fault
		status int // 0: the connection ended without an answer
		got    int // bytes of the answer's body
		stored string
	}{
		{"put refused at the start", "PUT", swifttest.Fault{Status: 503}, 503, -1, old},
		{"put refused in its body", "PUT", swifttest.Fault{At: swifttest.InRequest, Bytes: 50_000, Status: 507}, 507, -1, old},
		{"put cut before its body", "PUT", swifttest.Fault{At: swifttest.InRequest, Cut: true}, 0, 0, old},
		{"put cut in its body", "PUT", swifttest.Fault{At: swifttest.InRequest, Bytes: 50_000, Cut: true}, 0, 0, old},
		{"put cut after its body", "PUT", swifttest.Fault{At: swifttest.InRequest, Bytes: 100_000, Cut: true}, 0, 0, old},
		{"put done, answer lost", "PUT", swifttest.Fault{At: swifttest.AtAnswer, Cut: true}, 0, 0, body},
		{"put done, answer wrong", "PUT", swifttest.Fault{At: swifttest.AtAnswer, Status: 500, Body: "oops"}, 500, 4, body},
		{"get cut at the start", "GET", swifttest.Fault{Cut: true}, 0, 0, old},
		{"get refused when done", "GET", swifttest.Fault{At: swifttest.AtAnswer, Status: 404}, 404, -1, old},
		{"get cut before its body", "GET", swifttest.Fault{At: swifttest.InAnswer, Cut: true}, 200, 0, old},
		{"get cut in its body", "GET", swifttest.Fault{At: swifttest.InAnswer, Bytes: 70_000, Cut: true}, 200, 70_000, old},
		{"fault beyond the end", "GET", swifttest.Fault{At: swifttest.InAnswer, Bytes: 100_001, Cut: true}, 200, 100_000, old},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv, c, path := faulty(t)
			srv.Inject(swifttest.Rule{Match: func(r *http.Request) bool { return r.Method == tc.method }, Times: 1, Fault: tc.fault})
			status, got, err := c.try(tc.method, path+"/o", body)
			if status != tc.status {
				t.Errorf("status %d (%v), want %d", status, err, tc.status)
			}
			if cut := tc.fault.Cut && tc.got < 100_000; cut && err == nil {
				t.Error("the client sees no error")
			}
			if tc.got >= 0 && len(got) != tc.got {
				t.Errorf("%d bytes, want %d", len(got), tc.got)
			}
			srv.Heal()
			c.do(http.MethodGet, path+"/o", "").is(200, "Etag", hash(tc.stored))
		})
	}
}

func TestFaultAfterAndTimes(t *testing.T) {
	srv, c, path := faulty(t)
	srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "o", After: 1, Times: 2, Fault: swifttest.Fault{Status: 503}})
	var got []int
	for range 5 {
		got = append(got, c.do(http.MethodHead, path+"/o", "").status)
		c.do(http.MethodHead, path+"/x", "").is(404)
		c.do(http.MethodHead, path, "").is(204)
	}
	equal(t, "statuses", got, []int{200, 503, 503, 200, 200})
}

func TestFaultHeader(t *testing.T) {
	srv, c, path := faulty(t)
	wrong := http.Header{"Etag": {"00000000000000000000000000000000"}}
	srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Fault: swifttest.Fault{At: swifttest.AtAnswer, Header: wrong}})
	c.do(http.MethodPut, path+"/p", "x").is(201, "Etag", "00000000000000000000000000000000")
	c.do(http.MethodHead, path+"/p", "").is(200, "Etag", hash("x"))
}

func TestFaultRevoke(t *testing.T) {
	srv, c, path := faulty(t)
	srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Times: 1, Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 10_000, Call: srv.Revoke}})
	c.do(http.MethodGet, path+"/o", "").is(200).says(fill("x", 100_000))
	c.do(http.MethodGet, path+"/o", "").is(401)
}

func TestFaultStall(t *testing.T) {
	srv, c, path := faulty(t)
	release := make(chan struct{})
	reached := make(chan struct{})
	srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Times: 1, Fault: swifttest.Fault{
		At: swifttest.InRequest, Bytes: 10, Call: func() { close(reached) }, Stall: release,
	}})
	go func() {
		<-reached
		close(release)
	}()
	c.put(path+"/late", fill("x", 1000))

	srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{Stall: swifttest.Forever()}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.storage+path+"/o", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", c.token)
	if _, err := c.http.Do(req); !errors.Is(err, context.DeadlineExceeded) { //nolint:bodyclose // the request gets no answer
		t.Errorf("a GET that stalls ends with %v", err)
	}
}

// TestStallEndsWithServer checks that a server can be closed while a request stalls that its client
// has not cancelled.
func TestStallEndsWithServer(t *testing.T) {
	srv, c, path := faulty(t)
	reached := make(chan struct{})
	srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Fault: swifttest.Fault{
		At: swifttest.InRequest, Call: func() { close(reached) }, Stall: swifttest.Forever(),
	}})
	ended := make(chan error, 1)
	go func() {
		_, _, err := c.try(http.MethodPut, path+"/o", "x")
		ended <- err
	}()
	<-reached
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the request went well")
	}
}

// TestDelays measures delays in a synctest bubble, where only they advance the time.
func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := swifttest.New(swifttest.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Close()
		srv.Latency(100 * time.Millisecond)
		srv.Inject(swifttest.Rule{Op: swifttest.Info, Fault: swifttest.Fault{At: swifttest.AtAnswer, Delay: time.Minute}})
		began := time.Now()
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://swift/info", nil))
		if took := time.Since(began); took != time.Minute+100*time.Millisecond || w.Code != 200 {
			t.Errorf("status %d after %s", w.Code, took)
		}
	})
}

func TestListingLag(t *testing.T) {
	srv, c, path := faulty(t)
	srv.ListingLag(time.Hour)
	c.put(path+"/new", "1234")
	c.do(http.MethodDelete, path+"/o", "").is(204)
	c.do(http.MethodHead, path+"/new", "").is(200)
	c.do(http.MethodHead, path+"/o", "").is(404)
	equal(t, "listed", c.names(path, ""), []string{"o"})
	c.do(http.MethodHead, path, "").is(204, "X-Container-Object-Count", "1", "X-Container-Bytes-Used", "100000")
	c.do(http.MethodPut, "/later", "").is(201)
	c.put("/later/x", "x")
	c.do(http.MethodHead, "/later", "").is(204)
	equal(t, "the containers", c.names("", ""), []string{"c"})
	equal(t, "a new container", c.names("/later", ""), []string{})
	srv.ListingLag(0)
	equal(t, "listed in the end", c.names(path, ""), []string{"new"})
	equal(t, "the new container in the end", c.names("/later", ""), []string{"x"})
	c.do(http.MethodHead, path, "").is(204, "X-Container-Object-Count", "1", "X-Container-Bytes-Used", "4")

	equal(t, "the containers in the end", c.names("", ""), []string{"c", "later"})

	srv.ListingLag(time.Hour)
	c.do(http.MethodDelete, "/later/x", "").is(204)
	srv.ListingLag(0)
	srv.ListingLag(time.Hour)
	c.do(http.MethodDelete, "/later", "").is(204)
	c.do(http.MethodHead, "/later", "").is(404)
	equal(t, "the containers while one is gone", c.names("", ""), []string{"c", "later"})

	srv.ListingLag(time.Nanosecond)
	equal(t, "the containers after the lag", c.names("", ""), []string{"c"})
	c.put(path+"/soon", "1")
	equal(t, "listed after the lag", c.names(path, ""), []string{"new", "soon"})

	srv.ListingLag(time.Hour)
	c.do(http.MethodDelete, path+"/soon", "").is(204)
	c.do(http.MethodDelete, path+"/new", "").is(204)
	c.do(http.MethodDelete, path, "").is(409)
}

func TestRequestLog(t *testing.T) {
	srv, c, path := faulty(t)
	c.put(path+"/a b", "12345")
	c.do(http.MethodGet, path+"/a%20b?x=y", "", "Range", "bytes=1-3").is(206)
	log := srv.Requests()
	if len(log) != 2 {
		t.Fatalf("%d requests", len(log))
	}
	put, get := log[0], log[1]
	equal(t, "PUT", []any{put.Op, put.Container, put.Object, put.Status, put.In}, []any{swifttest.PutObject, "c", "a b", 201, int64(5)})
	equal(t, "GET", []any{get.Op, get.Path, get.Query, get.Status, get.Out, get.Header.Get("Range")},
		[]any{swifttest.GetObject, "/v1/AUTH_test/c/a b", "x=y", 206, int64(3), "bytes=1-3"})
	equal(t, "PUTs", srv.Count(swifttest.PutObject), 1)
	srv.ForgetRequests()
	equal(t, "forgotten", len(srv.Requests()), 0)
}

func TestTokenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := swifttest.New(swifttest.Config{TokenLife: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Close()
		login := httptest.NewRequest(http.MethodGet, "http://swift/auth/v1.0", nil)
		login.Header.Set("X-Auth-User", "test:tester")
		login.Header.Set("X-Auth-Key", "testing")
		token := func() string {
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, login)
			return w.Header().Get("X-Auth-Token")
		}
		first := token()
		use := httptest.NewRequest(http.MethodGet, "http://swift/v1/AUTH_test", nil)
		use.Header.Set("X-Auth-Token", first)
		status := func() int {
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, use)
			return w.Code
		}
		equal(t, "before the end", status(), 204)
		time.Sleep(time.Minute)
		equal(t, "after the end", status(), 401)
		if token() == first {
			t.Error("a token is handed out after its end")
		}
	})
}
