package sftp

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"filegate/core/vfs"
)

// request is a request of the client.
type request struct {
	kind   byte
	id     uint32
	packet []byte // as received; nil when it is not needed any more
	verb   verb

	// The fields of the packet, if it has them.
	names       []vfs.Name
	raw         []string // strings that are not names
	handle      *handle
	otherHandle *handle // the source of a copy
	attrs       attributes
	flags       uint32 // of OPEN
	numbers     []uint64
	data        []byte // of a WRITE; a part of packet
	length      int    // of a READ or WRITE

	// What the request touches, see order.go.
	effect   effect
	off, end uint64 // bytes of the open file

	// The channel's mutex guards all following fields.

	// The numbers of earlier requests to wait for: waits without a time limit, and hopes for
	// listingPatience at most.
	waits, hopes   int
	next, listings []*request // the requests that so wait for this one
	patience       *time.Timer
	started        bool
}

// memory returns how many bytes of the channel's memory a request takes while it is outstanding.
// The data of a WRITE is there twice: here and in the library.
func (r *request) memory() int {
	switch r.kind {
	case typeRead:
		return r.length
	case typeWrite:
		return 2 * r.length
	}
	return 0
}

// verb describes how requests of one type are parsed and answered.
type verb struct {
	// fields are the fields of the packet, one letter each:
	//
	//	n  the name of a file or directory, at most two of them
	//	s  another string; d the data of a WRITE
	//	h  the handle of an open file or directory; H that of a file to copy from, or empty
	//	a  attributes
	//	4  a number of 32 bits; 8 one of 64
	fields string
	effect effect
	// run answers the request. It returns the answer packet or an error for the status; if both are
	// nil, the status is success. run is nil if the library answers.
	run func(c *channel, r *request) ([]byte, error)
}

// verbs are the requests of the protocol, except for SSH_FXP_EXTENDED.
var verbs = map[byte]verb{
	typeOpen:     {fields: "n4a"},
	typeClose:    {fields: "h", effect: changes},
	typeRead:     {fields: "h84"},
	typeWrite:    {fields: "h8d", effect: changes},
	typeLstat:    {fields: "n", run: lstat},
	typeFstat:    {fields: "h", run: fstat},
	typeSetstat:  {fields: "na", effect: changes, run: setstat},
	typeFsetstat: {fields: "ha", effect: changes, run: fsetstat},
	typeOpendir:  {fields: "n", effect: listsDir, run: opendir},
	typeReaddir:  {fields: "h", effect: changes, run: readdir},
	typeRemove:   {fields: "n", effect: changes | tree | appears, run: remove},
	typeMkdir:    {fields: "na", effect: changes | tree | appears, run: mkdir},
	typeRmdir:    {fields: "n", effect: changes | tree | appears, run: rmdir},
	typeRealpath: {fields: "n", run: realpath},
	typeStat:     {fields: "n", run: stat},
	typeRename:   {fields: "nn", effect: changes | tree | appears, run: rename},
	typeReadlink: {fields: "n", run: readlink},
	typeSymlink:  {fields: "ss", effect: changes | tree | appears, run: symlink},
}

// maxData is the largest data of one WRITE. It leaves room in a packet for the library for any
// handle.
const maxData = maxPacket - 64

var errHandle error = vfs.Errorf(vfs.ErrInvalid, "no such handle: it was closed, or never opened")

// parse parses a packet. If it returns a request and an error, the error is the answer to the
// request; an error without a request ends the connection.
func (c *channel) parse(packet []byte) (*request, error) {
	f := &fields{rest: packet[5:]}
	r := &request{kind: packet[4], id: f.uint32(), packet: packet}
	if f.bad {
		return nil, errPacket // without an ID nothing can be answered
	}
	var known bool
	if r.kind == typeExtended {
		r.verb, known = extensions[f.string()]
	} else {
		r.verb, known = verbs[r.kind]
	}
	switch {
	case f.bad:
		return r, errMalformed
	case !known && r.kind == typeExtended:
		return r, vfs.Errorf(vfs.ErrUnsupported, "unknown extension")
	case !known:
		return r, vfs.Errorf(vfs.ErrUnsupported, "unknown request of type %d", r.kind)
	}
	r.effect = r.verb.effect
	if err := c.parseFields(r, f); err != nil {
		return r, err
	}
	if f.bad {
		return r, errMalformed
	}
	return r, c.check(r)
}

// parseFields parses the fields of a request. It returns the first error, which is the answer to
// the client.
func (c *channel) parseFields(r *request, f *fields) (first error) {
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	for _, kind := range r.verb.fields {
		switch kind {
		case 'n':
			n, err := vfs.ResolveName(vfs.Root, f.string())
			note(err)
			r.names = append(r.names, n)
		case 's':
			r.raw = append(r.raw, f.string())
		case 'd':
			r.data = f.bytes()
		case 'h', 'H':
			h := c.lookup(f.bytes())
			if kind == 'H' {
				r.otherHandle = h
				continue
			}
			if r.handle = h; h == nil {
				note(errHandle)
			}
		case 'a':
			r.attrs = f.attributes()
		case '4':
			r.numbers = append(r.numbers, uint64(f.uint32()))
		case '8':
			r.numbers = append(r.numbers, f.uint64())
		default:
			panic(fmt.Sprintf("no such kind of field: %c", kind))
		}
	}
	if f.bad {
		return errMalformed
	}
	return first
}

// check refuses a request that does not suit its handle, and determines what the request touches.
func (c *channel) check(r *request) error {
	h := r.handle
	switch r.kind {
	case typeOpen:
		return r.checkOpen()
	case typeRead:
		return r.checkRange(h.reads(), min(r.numbers[1], maxPayload), "reading")
	case typeWrite:
		err := r.checkRange(h.writes(), uint64(len(r.data)), "writing")
		if w, ok := h.file.(*writer); ok && err != nil && h.writes() {
			w.broken.Store(true) // like any other WRITE that fails
		}
		return err
	case typeReaddir:
		if h.dir == nil {
			return vfs.Errorf(vfs.ErrInvalid, "the handle is that of a file, not of a directory")
		}
	case typeClose:
		if h.dir != nil {
			r.verb.run = closeDir
			r.effect = changes
		} else if h.writes() {
			r.effect |= appears
		}
		c.forget(h) // no later request may use it
	case typeSymlink:
		return r.checkSymlink(c)
	}
	if h != nil {
		r.end = math.MaxUint64
	}
	return nil
}

// checkRange refuses a READ or WRITE whose handle does not allow it, or whose offset is not
// possible in a file.
func (r *request) checkRange(has bool, length uint64, what string) error {
	switch off := r.numbers[0]; {
	case r.handle.dir != nil:
		return vfs.Errorf(vfs.ErrInvalid, "the handle is that of a directory, not of a file")
	case !has:
		return vfs.Errorf(vfs.ErrInvalid, "the file is not open for %s", what)
	case off > math.MaxInt64 || length > math.MaxInt64-off:
		return errTooLarge
	case length > maxData:
		return errMalformed
	case r.kind == typeWrite && r.handle.flags&openAppend != 0:
		r.end = math.MaxUint64 // it writes at the end, so appending WRITEs run one after another
	default:
		r.off, r.end = off, off+length
	}
	r.length = int(length)
	return nil
}

// checkOpen completes the flags of an OPEN. Without flags the file is opened for reading, as on
// Linux. Append implies write.
func (r *request) checkOpen() error {
	r.flags = uint32(r.numbers[0])
	if r.flags&openAppend != 0 {
		r.flags |= openWrite
	}
	if r.flags&(openRead|openWrite) == 0 {
		r.flags |= openRead
	}
	if r.flags&(openWrite|openCreate|openTrunc) != 0 {
		r.effect |= changes
	}
	if r.names[0].Dir {
		r.verb.run = openDirName
		return nil
	}
	return nil
}

// forLibrary returns the request for the library, without the data of a WRITE. handle is the
// library's handle.
func (r *request) forLibrary(handle string) []byte {
	p := binary.BigEndian.AppendUint32(nil, 0)
	p = binary.BigEndian.AppendUint32(append(p, r.kind), r.id)
	if r.kind == typeOpen {
		p = appendString(p, string(r.names[0].Path))
		p = binary.BigEndian.AppendUint32(p, r.flags)
		p = binary.BigEndian.AppendUint32(p, 0)
	} else {
		p = appendString(p, handle)
	}
	if r.kind == typeRead || r.kind == typeWrite {
		p = binary.BigEndian.AppendUint64(p, r.numbers[0])
		p = binary.BigEndian.AppendUint32(p, uint32(r.length))
	}
	binary.BigEndian.PutUint32(p, uint32(len(p)-4+len(r.data)))
	return p
}
