package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// A record is a piece of content that shows whether it is whole: a line with its number and its size
// in bytes, and then bytes that follow from the number.

// headSize is the size of the first line of a record.
const headSize = 2*10 + 2

// numbers gives each record a number of its own.
type numbers struct {
	last  atomic.Int64
	sizes sync.Map // the sizes of the records in bytes, by number as text
}

// size returns the size of a record in bytes.
func (n *numbers) size(number string) int64 {
	size, _ := n.sizes.Load(number)
	return int64(size.(int))
}

// record returns a new record of at least headSize bytes.
func (n *numbers) record(size int) (number int64, data []byte) {
	number, size = n.last.Add(1), max(size, headSize)
	n.sizes.Store(fmt.Sprint(number), size)
	return number, makeRecord(number, size)
}

func makeRecord(number int64, size int) []byte {
	data := make([]byte, 0, size+8)
	data = fmt.Appendf(data, "%010d %010d\n", number, size)
	r := rand.NewPCG(uint64(number), 0)
	for len(data) < size {
		data = binary.LittleEndian.AppendUint64(data, r.Uint64())
	}
	return data[:size]
}

// parse returns the numbers of the records of which a content consists.
func parse(data []byte) ([]int64, error) {
	var all []int64
	for len(data) > 0 {
		var number int64
		var size int
		if len(data) < headSize {
			return all, fmt.Errorf("%d bytes after record %v are no record", len(data), all)
		}
		if _, err := fmt.Sscanf(string(data[:headSize]), "%d %d\n", &number, &size); err != nil || size < headSize {
			return all, fmt.Errorf("what follows the records %v is no record: %q", all, data[:headSize])
		}
		if size > len(data) {
			return all, fmt.Errorf("record %d has %d bytes of %d", number, len(data), size)
		}
		if !bytes.Equal(data[:size], makeRecord(number, size)) {
			return all, fmt.Errorf("record %d has wrong bytes", number)
		}
		all, data = append(all, number), data[size:]
	}
	return all, nil
}

// one returns the number of the only record of a content.
func one(data []byte) (int64, error) {
	all, err := parse(data)
	if err == nil && len(all) != 1 {
		err = errors.New("the file consists of " + fmt.Sprint(len(all)) + " records, want 1")
	}
	if err != nil {
		return 0, err
	}
	return all[0], nil
}
