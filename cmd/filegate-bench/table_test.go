package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	r := report{
		Facts: []fact{{"kernel", "Linux 6"}, {"Swift", "2.30"}},
		Results: []*result{{
			Row: "up", Title: "1 GiB up", Unit: "MiB/s",
			Lines: []*line{
				newLine("sftp", filegate, []float64{210, 200, 190}, []float64{3.5, 3.2, 3.4}, 60<<20),
				newLine("sftp", rclone, []float64{70.25, 80, 60}, []float64{11, 12, 10}, 189<<20),
				{Client: "curl", Server: rclone.name, Failed: "the cable was pulled out"},
				newLine("curl", swiftItself, []float64{283}, nil, 0),
			},
		}, {
			Row: "list", Title: "listing", Unit: "s", Less: true, Failed: "no Swift",
		}},
		Took: "3m",
	}
	var got strings.Builder
	if err := r.print(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantTable, got.String()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

const wantTable = `kernel  Linux 6
Swift   2.30

up: 1 GiB up; MiB/s, more is better
                                                    median       min       max CPU s/GiB  peak MiB
  sftp, filegate                                       200       190       210      3.40      60.0
  sftp, rclone                                        70.2      60.0      80.0      11.0       189
  curl, rclone
    failed: the cable was pulled out
  curl, Swift itself                                   283       283       283

list: listing; s, less is better
  failed: no Swift

aims
  holds  up  sftp: 2.85 times rclone
  holds  up  sftp: one transfer at a time peaks at 60 MiB, 64 are allowed

the run took 3m
`

func newLine(client string, server peer, values, cpu []float64, peak int64) *line {
	return &line{Client: client, Server: server.name, Values: values, Spread: spreadOf(values), CPU: cpu, Peak: peak}
}

func TestAims(t *testing.T) {
	up := &result{Row: "up-100ms", Lines: []*line{
		newLine("sftp", filegate, []float64{80}, nil, 0),
		newLine("curl", filegate, []float64{121}, nil, 0),
		newLine("curl", rclone, []float64{130}, nil, 0),
		newLine("curl", swiftItself, []float64{40}, nil, 0),
		{Client: "sftp", Server: rclone.name, Failed: "gone"},
	}}
	list := &result{Row: "list", Less: true, Lines: []*line{newLine("sftp", filegate, []float64{2}, nil, 0), newLine("sftp", rclone, []float64{3}, nil, 0)}}
	uploads := &result{Row: "uploads", Sessions: 100, Lines: []*line{
		newLine("Go", filegate, []float64{80}, nil, budget+500<<20),
		newLine("curl", filegate, []float64{80}, nil, budget-1<<20),
	}}
	var got []string
	for _, v := range aims([]*result{up, list, uploads}) {
		got = append(got, v.word()+" "+v.row+" "+v.text)
	}
	want := []string{
		"short up-100ms curl: 0.93 times rclone",
		"short up-100ms sftp: 2.00 times one request by curl, 3 is wanted",
		"holds up-100ms curl: 3.02 times one request by curl, 3 is wanted",
		"holds list sftp: 1.50 times rclone",
		"short uploads Go: beside the budget 5.0 MiB for each session, 4 are allowed",
		"holds uploads curl: beside the budget 0.0 MiB for each session, 4 are allowed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
