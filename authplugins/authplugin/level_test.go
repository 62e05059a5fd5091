package authplugin

import (
	"log/slog"
	"testing"
)

func TestLeveled(t *testing.T) {
	for line, want := range map[string]struct {
		level slog.Level
		text  string
	}{
		"plain text":    {slog.LevelInfo, "plain text"},
		"<3>it broke":   {slog.LevelError, "it broke"},
		"<4> take care": {slog.LevelWarn, "take care"},
		"<6>fine":       {slog.LevelInfo, "fine"},
		"<7>x=1":        {slog.LevelDebug, "x=1"},
		"<8>no level":   {slog.LevelInfo, "<8>no level"},
		"<3":            {slog.LevelInfo, "<3"},
		"{}":            {slog.LevelInfo, "{}"},
		"{ not JSON":    {slog.LevelInfo, "{ not JSON"},
		`{"@level":"error","@message":"gone","n":1}`: {slog.LevelError, `{"@level":"error","@message":"gone","n":1}`},
		`{"@level":"debug","@message":"hm"}`:         {slog.LevelDebug, `{"@level":"debug","@message":"hm"}`},
		`{"@level":"warn","@message":"careful"}`:     {slog.LevelWarn, `{"@level":"warn","@message":"careful"}`},
	} {
		if level, text := leveled(line); level != want.level || text != want.text {
			t.Errorf("%q: %v, %q; want %v, %q", line, level, text, want.level, want.text)
		}
	}
}
