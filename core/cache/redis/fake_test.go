package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// fakeServer is a Redis that can misbehave. It never forgets by itself.
type fakeServer struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	items map[string]string
	conns map[net.Conn]bool
	asked int // requests apart from greetings

	// answer, if set, is asked first; it may write what it likes, and reports whether the request
	// is done with.
	answer func(w io.Writer, args []string) bool
}

func startFake(t *testing.T) *fakeServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeServer{listener: l, items: map[string]string{}, conns: map[net.Conn]bool{}}
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
	f.cut()
	f.wg.Wait()
}

// cut closes all connections.
func (f *fakeServer) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

// misbehave sets what is answered instead.
func (f *fakeServer) misbehave(answer func(w io.Writer, args []string) bool) {
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
		args, err := readRequest(r)
		if err != nil {
			return
		}
		f.mu.Lock()
		answer := f.answer
		if args[0] != "hello" {
			f.asked++
		}
		f.mu.Unlock()
		if answer == nil || !answer(c, args) {
			f.do(c, args)
		}
	}
}

func readRequest(r *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		var size int
		if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		args[i] = string(text[:size])
	}
	if n == 0 {
		return nil, errors.New("an empty request")
	}
	args[0] = strings.ToLower(args[0])
	return args, nil
}

func (f *fakeServer) do(w io.Writer, args []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch args[0] {
	case "hello":
		fmt.Fprint(w, "*2\r\n$5\r\nproto\r\n:2\r\n")
	case "mget":
		fmt.Fprintf(w, "*%d\r\n", len(args)-1)
		for _, key := range args[1:] {
			if value, ok := f.items[key]; ok {
				fmt.Fprintf(w, "$%d\r\n%s\r\n", len(value), value)
			} else {
				fmt.Fprint(w, "$-1\r\n")
			}
		}
	case "set":
		f.items[args[1]] = args[2]
		fmt.Fprint(w, "+OK\r\n")
	case "del":
		delete(f.items, args[1])
		fmt.Fprint(w, ":1\r\n")
	case "eval": // script 1 key begin box milliseconds end
		key, begin, box := args[3], args[4], args[5]
		old := f.items[key]
		switch {
		case old[:min(len(old), 24)] != begin:
			fmt.Fprint(w, ":0\r\n")
			return
		case box == "":
			delete(f.items, key)
		default:
			f.items[key] = box
		}
		fmt.Fprint(w, ":1\r\n")
	default:
		fmt.Fprintf(w, "-ERR unknown command '%s', with args beginning with: '%s'\r\n", args[0], strings.Join(args[1:], "' '"))
	}
}
