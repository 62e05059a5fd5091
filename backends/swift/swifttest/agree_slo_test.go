package swifttest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// seg is an entry of a manifest in the form that a client sends.
type seg map[string]any

func manifest(t *testing.T, segments ...seg) string {
	t.Helper()
	raw, err := json.Marshal(segments)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const putManifest = "?multipart-manifest=put"

// pieces uploads objects and returns the entries for them, with all fields.
func (c *cloud) pieces(path string, bodies ...string) []seg {
	c.t.Helper()
	var all []seg
	for i, body := range bodies {
		name := fmt.Sprintf("%s/seg/%02d", path, i)
		all = append(all, seg{"path": name, "etag": c.put(name, body), "size_bytes": len(body)})
	}
	return all
}

func agreeSLO(t *testing.T, c *cloud) {
	path := c.container()
	a, b := fill("a", 70_000), fill("b", 50_000)
	segments := c.pieces(path, a, b)
	etag := `"` + hash(hash(a)+hash(b)) + `"`
	c.do(http.MethodPut, path+"/slo"+putManifest, manifest(t, segments...), "X-Object-Meta-Mtime", "12", "Content-Type", "text/x").
		is(201, "Etag", etag, "Content-Type", "text/html; charset=UTF-8").says("")
	c.run("get", func(t *testing.T, c *cloud) {
		want := []string{
			"Etag", etag, "Content-Length", "120000", "X-Static-Large-Object", "True", "X-Object-Meta-Mtime", "12",
			"Content-Type", "text/x", "Accept-Ranges", "bytes",
		}
		c.do(http.MethodGet, path+"/slo", "").is(200, want...).says(a + b)
		h := c.do(http.MethodHead, path+"/slo", "").is(200, want...).header
		e := c.entry(path, "slo")
		equal(t, "hash in the listing", e["hash"], any(h.Get("X-Manifest-Etag")))
		equal(t, "slo_etag in the listing", e["slo_etag"], any(etag))
		equal(t, "bytes in the listing", e["bytes"], any(120000.0))
		equal(t, "content_type in the listing", e["content_type"], any("text/x"))
	})
	c.run("ranges", func(t *testing.T, c *cloud) {
		for header, want := range map[string][2]string{
			"bytes=69995-70004":   {"bytes 69995-70004/120000", "aaaaabbbbb"},
			"bytes=70000-70002":   {"bytes 70000-70002/120000", "bbb"},
			"bytes=0-2":           {"bytes 0-2/120000", "aaa"},
			"bytes=-4":            {"bytes 119996-119999/120000", "bbbb"},
			"bytes=119999-200000": {"bytes 119999-119999/120000", "b"},
		} {
			c.do(http.MethodGet, path+"/slo", "", "Range", header).is(206, "Content-Range", want[0], "Etag", etag).says(want[1])
		}
		c.do(http.MethodGet, path+"/slo", "", "Range", "bytes=120000-").is(416, "Content-Range", "bytes */120000")
		r := c.do(http.MethodGet, path+"/slo", "", "Range", "bytes=0-1,69999-70000").is(206)
		if !strings.HasPrefix(r.header.Get("Content-Type"), "multipart/byteranges;boundary=") || !strings.Contains(r.body, "\r\n\r\nab\r\n") {
			t.Errorf("%s: %q", r.header.Get("Content-Type"), r.body)
		}
	})
	c.run("conditions", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+"/slo", "", "If-Match", etag, "Range", "bytes=0-0").is(206)
		c.do(http.MethodGet, path+"/slo", "", "If-Match", "abc").is(412)
		c.do(http.MethodGet, path+"/slo", "", "If-None-Match", etag).is(304)
		c.do(http.MethodHead, path+"/slo", "", "If-Match", strings.Trim(etag, `"`)).is(200)
		c.do(http.MethodHead, path+"/slo", "", "If-None-Match", etag).is(304)
	})
	c.run("post", func(t *testing.T, c *cloud) {
		c.do(http.MethodPost, path+"/slo", "", "X-Object-Meta-New", "1").is(202)
		c.do(http.MethodHead, path+"/slo", "").is(200, "X-Static-Large-Object", "True", "Content-Length", "120000", "Etag", etag,
			"X-Object-Meta-New", "1", "X-Object-Meta-Mtime", "", "Content-Type", "text/x")
	})
	c.run("copy", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/slo", "", "Destination", path+"/plain").is(201, "Etag", hash(a+b))
		c.do(http.MethodGet, path+"/plain", "").is(200, "X-Static-Large-Object", "", "Etag", hash(a+b), "X-Object-Meta-New", "1").says(a + b)
		c.do("COPY", path+"/slo?multipart-manifest=get", "", "Destination", path+"/again").is(201, "Etag", etag)
		c.do(http.MethodGet, path+"/again", "").is(200, "X-Static-Large-Object", "True", "Etag", etag, "X-Object-Meta-New", "1", "Content-Type", "text/x").says(a + b)
		c.do(http.MethodPut, path+"/again2?multipart-manifest=get", "", "X-Copy-From", path+"/slo").is(201, "Etag", etag)
		c.do(http.MethodHead, path+"/again2", "").is(200, "X-Static-Large-Object", "True")
		c.do(http.MethodPut, path+"/again3?multipart-manifest=put", "", "X-Copy-From", path+"/slo").is(400).says("Manifest must be valid JSON.\n")
	})
	c.run("delete", func(t *testing.T, c *cloud) {
		c.do(http.MethodDelete, path+"/again", "").is(204)
		equal(t, "segments", c.names(path, "prefix=seg/"), []string{"seg/00", "seg/01"})
		r := c.do(http.MethodDelete, path+"/slo?multipart-manifest=delete", "", "Accept", "application/json").is(200, "Content-Type", "application/json")
		var got map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		equal(t, "result", got, map[string]any{
			"Response Status": "200 OK", "Response Body": "", "Number Deleted": 3.0, "Number Not Found": 0.0, "Errors": []any{},
		})
		equal(t, "segments", c.names(path, "prefix=seg/"), []string{})
		c.do(http.MethodHead, path+"/slo", "").is(404)
	})
}

func agreeSLOManifests(t *testing.T, c *cloud) {
	path := c.container()
	segments := c.pieces(path, "aaaaa", "bbbbb", "ccccc")
	c.run("get", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/m"+putManifest, manifest(t, segments[:2]...), "Content-Type", "text/x").is(201)
		r := c.do(http.MethodGet, path+"/m?multipart-manifest=get", "").is(200, "Content-Type", "application/json; charset=utf-8", "X-Static-Large-Object", "True")
		equal(t, "ETag", r.header.Get("Etag"), hash(r.body))
		var got []map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		seg0 := c.do(http.MethodHead, path+"/seg/00", "").header
		equal(t, "first segment", got[0], map[string]any{
			"name": path + "/seg/00", "bytes": 5.0, "hash": hash("aaaaa"), "content_type": "application/octet-stream",
			"last_modified": modified(t, seg0).Format("2006-01-02T15:04:05.000000"),
		})
		r = c.do(http.MethodGet, path+"/m?multipart-manifest=get&format=raw", "").is(200)
		equal(t, "ETag", r.header.Get("Etag"), hash(r.body))
		var raw []map[string]any
		if err := json.Unmarshal([]byte(r.body), &raw); err != nil {
			t.Fatal(err)
		}
		equal(t, "first segment, raw", raw[0], map[string]any{"path": path + "/seg/00", "size_bytes": 5.0, "etag": hash("aaaaa")})
		c.do(http.MethodPut, path+"/m2"+putManifest, r.body).is(201)
		c.do(http.MethodGet, path+"/m2", "").is(200).says("aaaaabbbbb")
	})
	c.run("ranges", func(t *testing.T, c *cloud) {
		body := manifest(t,
			seg{"path": path + "/seg/00", "range": "1-2"},
			seg{"path": path + "/seg/01", "range": "3-"},
			seg{"path": path + "/seg/02", "range": "-1"},
			seg{"path": path + "/seg/00", "range": "0-4"},
			seg{"path": path + "/seg/00", "range": "4-100", "size_bytes": 5})
		etag := `"` + hash(hash("aaaaa")+":1-2;"+hash("bbbbb")+":3-4;"+hash("ccccc")+":4-4;"+hash("aaaaa")+hash("aaaaa")+":4-4;") + `"`
		c.do(http.MethodPut, path+"/r"+putManifest, body).is(201, "Etag", etag)
		c.do(http.MethodGet, path+"/r", "").is(200, "Content-Length", "11", "Etag", etag).says("aabbcaaaaaa")
		c.do(http.MethodGet, path+"/r", "", "Range", "bytes=1-4").is(206).says("abbc")
		r := c.do(http.MethodGet, path+"/r?multipart-manifest=get&format=raw", "").is(200)
		var raw []map[string]any
		if err := json.Unmarshal([]byte(r.body), &raw); err != nil {
			t.Fatal(err)
		}
		equal(t, "raw range", []any{raw[0]["range"], raw[1]["range"], raw[2]["range"], raw[3]["range"]}, []any{"1-2", "3-4", "4-4", nil})
		c.do("COPY", path+"/r?multipart-manifest=get", "", "Destination", path+"/r2").is(201, "Etag", etag)
	})
	c.run("nested", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/in"+putManifest, manifest(t, segments[:2]...)).is(201)
		inner := hash(hash("aaaaa") + hash("bbbbb"))
		c.do(http.MethodPut, path+"/out"+putManifest, manifest(t, seg{"path": path + "/in", "etag": inner, "size_bytes": 10}, segments[2])).
			is(201, "Etag", `"`+hash(inner+hash("ccccc"))+`"`)
		c.do(http.MethodGet, path+"/out", "").is(200, "Content-Length", "15").says("aaaaabbbbbccccc")
		c.do(http.MethodGet, path+"/out", "", "Range", "bytes=4-11").is(206).says("abbbbbcc")
		c.do(http.MethodPut, path+"/outr"+putManifest, manifest(t, seg{"path": path + "/in", "range": "3-6"})).is(201)
		c.do(http.MethodGet, path+"/outr", "").is(200).says("aabb")
		c.do(http.MethodDelete, path+"/out?multipart-manifest=delete", "").is(200)
		equal(t, "what is left", c.names(path, "prefix=seg/"), []string{})
		c.do(http.MethodHead, path+"/in", "").is(404)
	})
	c.run("twice", func(t *testing.T, c *cloud) {
		one := c.pieces(path, "x")[0]
		c.do(http.MethodPut, path+"/tw"+putManifest, manifest(t, one, one, one)).is(201)
		c.do(http.MethodGet, path+"/tw", "").is(200).says("xxx")
		c.do(http.MethodDelete, path+"/tw?multipart-manifest=delete", "").is(200)
		c.do(http.MethodHead, path+"/tw", "").is(404)
	})
	c.run("empty last", func(t *testing.T, c *cloud) {
		all := c.pieces(path, "x", "")
		c.do(http.MethodPut, path+"/zero"+putManifest, manifest(t, all...)).is(201)
		c.do(http.MethodGet, path+"/zero", "").is(200, "Content-Length", "1").says("x")
		c.do(http.MethodPut, path+"/only"+putManifest, manifest(t, all[1])).is(201)
		c.do(http.MethodGet, path+"/only", "").is(200, "Content-Length", "0").says("")
		c.do(http.MethodPut, path+"/nothing"+putManifest, "[]").is(201)
		c.do(http.MethodGet, path+"/nothing", "").is(200, "Content-Length", "0", "X-Static-Large-Object", "True").says("")
	})
}

func agreeSLOErrors(t *testing.T, c *cloud) {
	path := c.container()
	good := c.pieces(path, "aaaaa", "bbbbb", "")
	at := path + "/seg/00"
	for _, tc := range []struct {
		name, body string
		status     int
		text       string
	}{
		{"not JSON", "{", 400, "Manifest must be valid JSON.\n"},
		{"no list", "{}", 400, "Manifest must be a list.\n"},
		{"unknown key", manifest(t, seg{"path": at, "foo": 1, "bar": 2}), 400, "Index 0: extraneous keys \"bar\", \"foo\"\n"},
		{"path", manifest(t, seg{"path": 5}, good[0], seg{"path": "/only"}), 400, "Index 0: \"path\" must be a string\n" +
			"Index 2: path does not refer to an object. Path must be of the form /container/object.\n"},
		{"size", manifest(t, seg{"path": at, "size_bytes": "x"}), 400, "Index 0: invalid size_bytes\n"},
		{"size 0", manifest(t, seg{"path": at, "size_bytes": 0}, good[1]), 400, "Index 0: too small; each segment must be at least 1 byte.\n"},
		{"itself", manifest(t, seg{"path": path + "/bad"}), 400, "Index 0: manifest must not include itself as a segment\n"},
		{"range", manifest(t, seg{"path": at, "range": "x"}), 400, "Index 0: invalid range\n"},
		{"ranges", manifest(t, seg{"path": at, "range": "0-1,2-3"}), 400, "Index 0: multiple ranges (only one allowed)\n"},
		{"range and size", manifest(t, seg{"path": at, "range": "7-9", "size_bytes": 5}), 400, "Index 0: unsatisfiable range\n"},
		{"range of segment", manifest(t, seg{"path": at, "range": "7-9"}), 400, "Errors:\n" + at + ", Unsatisfiable Range\n"},
		{"missing", manifest(t, seg{"path": path + "/n pe"}), 400, "Errors:\n" + path + "/n%20pe, 404 Not Found\n"},
		{"etag", manifest(t, seg{"path": at, "etag": "abc"}), 400, "Errors:\n" + at + ", Etag Mismatch\n"},
		{
			"size and etag", manifest(t, seg{"path": at, "etag": "abc", "size_bytes": 4}), 400,
			"Errors:\n" + at + ", Size Mismatch\n" + at + ", Etag Mismatch\n",
		},
		{
			"empty first", manifest(t, seg{"path": path + "/seg/02"}, good[0]), 400,
			"Errors:\n" + path + "/seg/02, Too small; each segment must be at least 1 byte.\n",
		},
		{"too many", manifest(t, slicesRepeat(good[0], 1001)...), 413, "Number of object-backed segments must be <= 1000"},
		{"size as text", manifest(t, seg{"path": at, "size_bytes": "5", "etag": nil}), 201, ""},
		{"most", manifest(t, slicesRepeat(good[0], 1000)...), 201, ""},
	} {
		c.do(http.MethodPut, path+"/bad"+putManifest, tc.body).is(tc.status).says(tc.text)
		if t.Failed() {
			t.Fatal("with", tc.name)
		}
	}
	r := c.do(http.MethodPut, path+"/bad"+putManifest, manifest(t, seg{"path": path + "/nope"}), "Accept", "application/json").is(400, "Content-Type", "application/json")
	var got map[string]any
	if err := json.Unmarshal([]byte(r.body), &got); err != nil {
		t.Fatal(err)
	}
	equal(t, "errors in JSON", got["Errors"], any([]any{[]any{path + "/nope", "404 Not Found"}}))
	c.do(http.MethodPut, path+"/etag"+putManifest, manifest(t, good[0]), "Etag", "abc").is(422)
	c.do(http.MethodPut, path+"/etag"+putManifest, manifest(t, good[0]), "Etag", hash(hash("aaaaa"))).is(201)
	c.do(http.MethodPut, path+"/etag"+putManifest, manifest(t, good[0]), "If-None-Match", "*").is(412)
	c.do(http.MethodPut, path+"-none/o"+putManifest, manifest(t, good[0])).is(404)
	c.do(http.MethodPut, path+"/"+fill("n", 1025)+putManifest, manifest(t, good[0])).is(400)
	c.do(http.MethodPut, path+"/meta"+putManifest, manifest(t, good[0]), "X-Object-Meta-Long", fill("x", 257)).is(400)
}

func slicesRepeat(s seg, n int) []seg {
	out := make([]seg, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func agreeSLOBroken(t *testing.T, c *cloud) {
	path := c.container()
	a := fill("a", 300_000)
	make := func(name string) { // of three segments
		c.put(path+"/0", a)
		c.put(path+"/1", a)
		c.put(path+"/2", a)
		c.do(http.MethodPut, path+"/"+name+putManifest, manifest(t, seg{"path": path + "/0"}, seg{"path": path + "/1"}, seg{"path": path + "/2"})).is(201)
	}
	broken := func(t *testing.T, c *cloud) {
		r := c.do(http.MethodGet, path+"/slo", "").is(200, "Content-Length", "900000")
		if r.err == nil || len(r.body) != 300_000 {
			t.Errorf("the body ended after %d bytes with %v, want it cut after 300000", len(r.body), r.err)
		}
		c.do(http.MethodHead, path+"/slo", "").is(200, "Content-Length", "900000")
		r = c.do(http.MethodGet, path+"/slo", "", "Range", "bytes=600000-").is(206)
		if r.err != nil || len(r.body) != 300_000 {
			t.Errorf("the good end: %d bytes, %v", len(r.body), r.err)
		}
		c.do(http.MethodGet, path+"/slo", "", "Range", "bytes=300000-400000").is(409)
	}
	c.run("missing", func(t *testing.T, c *cloud) {
		make("slo")
		c.do(http.MethodDelete, path+"/1", "").is(204)
		broken(t, c)
	})
	c.run("changed", func(t *testing.T, c *cloud) {
		make("slo")
		c.put(path+"/1", fill("z", 300_000))
		broken(t, c)
	})
	c.run("shorter", func(t *testing.T, c *cloud) {
		make("slo")
		c.put(path+"/1", "short")
		broken(t, c)
	})
	c.run("first", func(t *testing.T, c *cloud) {
		make("slo")
		c.do(http.MethodDelete, path+"/0", "").is(204)
		c.do(http.MethodGet, path+"/slo", "").is(409)
		c.do("COPY", path+"/slo", "", "Destination", path+"/copy").is(409)
		c.do("COPY", path+"/slo?multipart-manifest=get", "", "Destination", path+"/copy").is(400)
	})
	c.run("delete", func(t *testing.T, c *cloud) {
		make("slo")
		c.do(http.MethodDelete, path+"/1", "").is(204)
		r := c.do(http.MethodDelete, path+"/slo?multipart-manifest=delete", "", "Accept", "application/json").is(200)
		if !strings.Contains(r.body, `"Number Deleted": 3`) && !strings.Contains(r.body, `"Number Deleted":3`) {
			t.Error(r.body)
		}
		c.do(http.MethodHead, path+"/slo", "").is(404)
	})
}

func agreeSLOHeartbeat(t *testing.T, c *cloud) {
	path := c.container()
	segments := c.pieces(path, "one", "two")
	etag := `"` + hash(hash("one")+hash("two")) + `"`
	const alive = putManifest + "&heartbeat=on"
	told := func(what string, body string, headers ...string) map[string]any {
		t.Helper()
		a := c.do(http.MethodPut, path+"/slo"+alive, body, append(headers, "Accept", "application/json")...).is(202, "Content-Type", "application/json", "Etag", "")
		var v map[string]any
		if err := json.Unmarshal([]byte(a.body), &v); err != nil {
			t.Errorf("%s: %v: %q", what, err, a.body)
		}
		return v
	}
	v := told("put", manifest(t, segments...))
	equal(t, "status", v["Response Status"], any("201 Created"))
	equal(t, "ETag", v["Etag"], any(etag))
	equal(t, "body", v["Response Body"], any(""))
	c.do(http.MethodGet, path+"/slo", "").is(200, "Etag", etag).says("onetwo")
	v = told("missing segment", manifest(t, segments[0], seg{"path": path + "/nope"}))
	equal(t, "status", v["Response Status"], any("400 Bad Request"))
	equal(t, "errors", fmt.Sprint(v["Errors"]), fmt.Sprint([][]string{{path + "/nope", "404 Not Found"}}))
	v = told("wrong ETag", manifest(t, segments...), "Etag", hash("other"))
	equal(t, "status", v["Response Status"], any("422 Unprocessable Entity"))
	v = told("name taken", manifest(t, segments...), "If-None-Match", "*")
	equal(t, "status", v["Response Status"], any("412 Precondition Failed"))
	c.do(http.MethodPut, path+"/slo"+alive, "no manifest", "Accept", "application/json").is(400)
	text := c.do(http.MethodPut, path+"/slo"+alive, manifest(t, segments...)).is(202, "Content-Type", "text/plain").body
	if !strings.HasPrefix(text, " \r\n\r\nEtag: "+etag+"\n") || !strings.HasSuffix(text, "Response Body: \nResponse Status: 201 Created\nErrors:\n") {
		t.Errorf("the answer in plain text is %q", text)
	}
}
