package session_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"filegate/core/session"
	"filegate/core/vfs"
)

// placeObserver keeps the events that it is asked about.
type placeObserver struct {
	events
	only  session.Op // other operations need no question; empty: all do
	asked []session.Event
}

func (p *placeObserver) Asks(op session.Op) bool { return p.only == "" || op == p.only }

func (p *placeObserver) Before(_ context.Context, e session.Event) error {
	p.asked = append(p.asked, e)
	return nil
}

// TestBeforeKnowsPlaces tests that an observer can decide by the place to which links lead, also in
// a session with a home directory.
func TestBeforeKnowsPlaces(t *testing.T) {
	for _, home := range []string{"", "/home/alice"} {
		o := &placeObserver{}
		s := begin(t, func(c *session.Config) {
			c.Identity.Home, c.Observer = home, o
		})
		create(t, s, "/file")
		if err := s.Symlink(t.Context(), "/file", "/link"); err != nil {
			t.Fatal(err)
		}
		w, err := s.OpenWriter(t.Context(), "/link", vfs.WriteOptions{Create: true, Truncate: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if err := s.Remove(t.Context(), "/link"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range o.asked {
			got = append(got, string(e.Op)+" "+string(e.Path)+" "+string(e.Place)+" "+string(e.TargetPlace))
		}
		want := []string{
			"upload /file  ", "symlink /link  ", "upload /link " + home + "/file ", "remove /link  ",
		}
		if !slices.Equal(got, want) {
			t.Errorf("home %q: asked about\n%q, want\n%q", home, got, want)
		}
	}
}

// TestNoPlacesWithoutQuestion tests that places are looked up only for operations that an observer
// is asked about.
func TestNoPlacesWithoutQuestion(t *testing.T) {
	o := &placeObserver{only: session.OpRemove}
	s := begin(t, func(c *session.Config) { c.Observer = o })
	create(t, s, "/file")
	if err := s.Remove(t.Context(), "/file"); err != nil || len(o.asked) != 1 || o.asked[0].Op != session.OpRemove {
		t.Errorf("removed with %v, asked %v, want one question", err, o.asked)
	}
}

// TestChanges tests that events have what an operation sets.
func TestChanges(t *testing.T) {
	o := &placeObserver{}
	s := begin(t, func(c *session.Config) { c.Observer = o })
	create(t, s, "/file")
	at := time.Unix(1e9, 0)
	never := time.Time{}
	_ = s.SetAttrs(t.Context(), "/file", vfs.Attrs{ModTime: &at})
	_ = s.Truncate(t.Context(), "/file", 3)
	_ = s.ChangeDetails(t.Context(), "/file", vfs.DetailChange{Expires: &never, Meta: map[string]string{"colour": "red"}})
	_, _ = s.TempURL(t.Context(), "/file", "PUT", at)
	_ = s.SetACL(t.Context(), "/", vfs.ACL{Read: []string{"bob", "eve"}})
	want := []map[string]string{
		{"mtime": "2001-09-09T01:46:40Z"}, {"size": "3"}, {"expires": "never", "meta.colour": "red"}, {"method": "PUT", "until": "2001-09-09T01:46:40Z"}, {"read": "bob,eve"},
	}
	var got []map[string]string
	for _, e := range o.asked {
		if e.Op != session.OpUpload {
			got = append(got, e.Changes)
		}
	}
	if !slices.EqualFunc(got, want, maps.Equal) {
		t.Errorf("the changes are %v, want %v", got, want)
	}
}
