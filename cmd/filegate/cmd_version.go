package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

func cmdVersion(e env, args []string) int {
	if code, ok := parse(e, newFlags(e, "version", ""), args); !ok {
		return code
	}
	fmt.Fprintf(e.stdout, "filegate %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}

// version is what the go command has stamped into the program: a tag, or the commit.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()") // "(devel)" where the go command has seen no repository
	}
	return "unknown"
}
