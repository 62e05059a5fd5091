package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

func cmdVersion(e env, args []string) int {
	fs := newFlags(e, "version", "[-sbom [PROGRAM …]]\n\nPrint the version, the commit and the build flags.\n")
	sbom := fs.Bool("sbom", false, "print a software bill of materials (CycloneDX JSON) of filegate, or of the given Go programs together")
	if err := fs.Parse(args); err != nil || fs.NArg() > 0 && !*sbom {
		code, _ := parse(e, fs, args)
		return code
	}
	if *sbom {
		if err := printSBOM(e.stdout, fs.Args()); err != nil {
			return e.fail(err)
		}
		return exitOK
	}
	fmt.Fprintf(e.stdout, "filegate %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		printBuild(e.stdout, info)
	}
	return exitOK
}

// printBuild prints the commit and the build flags of a program, if the go command has recorded
// them in it.
func printBuild(w io.Writer, info *debug.BuildInfo) {
	var commit, date, changed string
	var flags []string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.time":
			date = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", with changes"
		case strings.HasPrefix(s.Key, "-"), s.Key == "CGO_ENABLED":
			flags = append(flags, s.Key+"="+s.Value)
		}
	}
	if commit != "" {
		fmt.Fprintf(w, "commit: %s of %s%s\n", commit, date, changed)
	}
	fmt.Fprintf(w, "build: %s\n", strings.Join(flags, " "))
}

// version returns the version that the go command has recorded in the program: a tag, or the
// commit.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()") // "(devel)" if the program was built outside of a repository
	}
	return "unknown"
}
