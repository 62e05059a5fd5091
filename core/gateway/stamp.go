package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stampOf returns a text that changes when one of the files, or a file in one of the directories,
// is changed or replaced.
func stampOf(files []string) string {
	var b strings.Builder
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", name, err)
			continue
		}
		if !info.IsDir() {
			fmt.Fprintf(&b, "%s: %d %d\n", name, info.Size(), info.ModTime().UnixNano())
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", name, err)
		}
		for _, e := range entries {
			if e.Type().IsRegular() {
				b.WriteString(stampOf([]string{filepath.Join(name, e.Name())}))
			}
		}
	}
	return b.String()
}
