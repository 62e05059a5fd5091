package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fact is a fact about the machine or the programs.
type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// facts collects the facts. An unknown value is "unknown".
func (b *bench) facts(ctx context.Context) []fact {
	swiftVersion, err := b.swift.version(ctx)
	if err != nil {
		swiftVersion = "unknown"
	}
	return []fact{
		{"time", b.begin.UTC().Format("2006-01-02 15:04 MST")},
		{"processor", fieldOf("/proc/cpuinfo", "model name") + ", " + cores()},
		{"memory", fieldOf("/proc/meminfo", "MemTotal")},
		{"kernel", kernel()},
		{"load before", load1()},
		{"filegate", firstLine(ctx, b.programs.filegate, "version")},
		{"rclone", firstLine(ctx, b.programs.rclone, "version")},
		{"sshd, sftp", firstLine(ctx, "ssh", "-V")},
		{"curl", firstLine(ctx, "curl", "--version")},
		{"lftp", firstLine(ctx, "lftp", "--version")},
		{"Swift", swiftVersion + " at " + b.swift.storage},
	}
}

func cores() string {
	if n := runtime.NumCPU(); n != 1 {
		return strconv.Itoa(n) + " cores"
	}
	return "1 core"
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// load1 returns the load average of the last minute.
func load1() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// fieldOf returns the value of the first line "NAME: VALUE" of a file.
func fieldOf(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// firstLine returns the first line of a program's output, standard error included.
func firstLine(ctx context.Context, program string, args ...string) string {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return first
}
