package authplugin

import (
	"os"
	"strconv"
	"testing"
)

// TestMemory compares the memory of a program with what a process can have.
func TestMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("this system has no /proc")
	}
	p := mustLaunch(t, &Launcher{}, spec(t, programAs(t, "good"), nil))
	if bytes, ok := p.Memory(); !ok || bytes < 1<<20 || bytes > 1<<30 {
		t.Errorf("a program has %d bytes (%t)", bytes, ok)
	}
	if bytes, ok := residentMemory(strconv.Itoa(1 << 30)); ok {
		t.Errorf("a process that does not exist has %d bytes", bytes)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if bytes, ok := p.Memory(); ok {
		t.Errorf("a program that has ended has %d bytes", bytes)
	}
}
