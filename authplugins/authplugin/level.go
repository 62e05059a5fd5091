package authplugin

import (
	"encoding/json"
	"log/slog"
	"strings"
)

// leveled returns the level and the text of a line that a program has printed. A line with a prefix
// from "<0>" to "<7>" has a syslog level, as in sd-daemon(3). A JSON line of hclog has its own
// level. All others are information.
func leveled(line string) (slog.Level, string) {
	if len(line) >= 3 && line[0] == '<' && '0' <= line[1] && line[1] <= '7' && line[2] == '>' {
		text := strings.TrimSpace(line[3:])
		switch {
		case line[1] <= '3':
			return slog.LevelError, text
		case line[1] == '4':
			return slog.LevelWarn, text
		case line[1] == '7':
			return slog.LevelDebug, text
		}
		return slog.LevelInfo, text
	}
	var entry struct {
		Level   string `json:"@level"`
		Message string `json:"@message"`
	}
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &entry) != nil || entry.Message == "" {
		return slog.LevelInfo, line
	}
	switch entry.Level {
	case "trace", "debug":
		return slog.LevelDebug, line
	case "warn":
		return slog.LevelWarn, line
	case "error":
		return slog.LevelError, line
	}
	return slog.LevelInfo, line
}
