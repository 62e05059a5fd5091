package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestChoose(t *testing.T) {
	all := rows(sizes{large: 1 << 30, far: 1 << 20, random: 1 << 20, files: 1, entries: 1, many: 2, uploads: 1})
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.name] {
			t.Errorf("two rows are called %q", r.name)
		}
		seen[r.name] = true
		for _, c := range r.contestants {
			if c.client.protocol == "swift" != (c.peer.name == swiftItself.name) {
				t.Errorf("%s: %v cannot talk to each other", r.name, c)
			}
		}
	}
	some, err := choose(all, "down,up", "")
	if err != nil || len(some) != 2 || some[0].name != "down" || some[1].name != "up" {
		t.Errorf("choose gives %d rows, %v", len(some), err)
	}
	some, err = choose(rows(sizes{}), "up", "^curl, filegate$")
	if err != nil || len(some) != 1 || len(some[0].contestants) != 1 || some[0].contestants[0].client.name != "curl" {
		t.Errorf("choose gives %d rows, %v", len(some), err)
	}
	if _, err := choose(all, "up", "("); err == nil {
		t.Error("half an expression was taken for one")
	}
	if _, err := choose(all, "sideways", ""); err == nil {
		t.Error("a row that there is not was chosen")
	}
}
