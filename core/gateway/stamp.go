package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stampOf returns a text that is another when one of the files, or what is in one of the
// directories, has been replaced or changed.
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
