package memcached

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// fakeServer is a memcached that can misbehave. It never forgets by itself.
type fakeServer struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	items map[string]fakeItem
	cas   int
	conns map[net.Conn]bool
	asked int // requests

	// answer, if set, is asked first; it may write what it likes, and reports whether the request
	// is done with.
	answer func(w io.Writer, line string) bool
}

type fakeItem struct {
	value []byte
	cas   int
}

func startFake(t *testing.T) *fakeServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeServer{listener: l, items: map[string]fakeItem{}, conns: map[net.Conn]bool{}}
	f.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns[c] = true
			f.mu.Unlock()
			f.wg.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(f.stop)
	return f
}

func (f *fakeServer) addr() string { return f.listener.Addr().String() }

// stop ends everything, as a server that goes down does.
func (f *fakeServer) stop() {
	f.listener.Close()
	f.mu.Lock()
	for c := range f.conns {
		c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// misbehave sets what is answered instead.
func (f *fakeServer) misbehave(answer func(w io.Writer, line string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fakeServer) requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeServer) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		f.mu.Lock()
		f.asked++
		answer := f.answer
		f.mu.Unlock()
		fields := strings.Fields(line)
		var value []byte
		if len(fields) >= 5 && fields[0] != "gets" { // set, add, cas
			var size int
			fmt.Sscan(fields[4], &size)
			value = make([]byte, size+2)
			if _, err := io.ReadFull(r, value); err != nil {
				return
			}
			value = value[:size]
		}
		if answer != nil && answer(c, line) {
			continue
		}
		f.do(c, fields, value)
	}
}

func (f *fakeServer) do(w io.Writer, fields []string, value []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fields[0] == "gets" {
		for _, key := range fields[1:] {
			if item, ok := f.items[key]; ok {
				fmt.Fprintf(w, "VALUE %s 0 %d %d\r\n%s\r\n", key, len(item.value), item.cas, item.value)
			}
		}
		fmt.Fprint(w, "END\r\n")
		return
	}
	key := fields[1]
	item, there := f.items[key]
	result := "STORED"
	switch fields[0] {
	case "delete":
		delete(f.items, key)
		result = "DELETED"
		if !there {
			result = "NOT_FOUND"
		}
		fmt.Fprintf(w, "%s\r\n", result)
		return
	case "add":
		if there {
			result = "NOT_STORED"
		}
	case "cas":
		switch {
		case !there:
			result = "NOT_FOUND"
		case fmt.Sprint(item.cas) != fields[5]:
			result = "EXISTS"
		}
	}
	if result == "STORED" {
		f.cas++
		f.items[key] = fakeItem{value, f.cas}
		if fields[3] == "-1" {
			delete(f.items, key)
		}
	}
	fmt.Fprintf(w, "%s\r\n", result)
}
