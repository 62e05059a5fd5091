package sftp

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// Types of packets (draft-ietf-secsh-filexfer-02, section 3).
const (
	typeVersion       = 2
	typeWrite         = 6
	typeFSetStat      = 10
	typeExtended      = 200
	typeExtendedReply = 201
)

// maxPacket is the longest packet that the library takes, without its length.
const maxPacket = 256 << 10

// queuedPackets is how many WRITEs of full size the library may have without having answered them, before it gets another. It would take 26, for a client
// whose file has to wait; this many are enough to have the next one at hand.
const queuedPackets = 4

// extensions is what the server announces, in place of what the library would: name and version.
var extensions = [...][2]string{
	{"posix-rename@openssh.com", "1"},
	{"statvfs@openssh.com", "2"},
	{"fsync@openssh.com", "1"},
	{"limits@openssh.com", "1"},
	{copyData, "1"},
}

// copyData is the extension by which a client has the server copy from one open file to another (OpenSSH's PROTOCOL, section 4.10).
const copyData = "copy-data"

var errPacket = errors.New("malformed packet")

// filter stands between the client and the library and adds the extensions that the library lacks. It announces them in place of the library's own,
// answers limits itself, and rewrites fsync into an FSETSTAT that sets nothing, and copy-data into one that sets an attribute of that name: so it has its turn
// among the other requests. All other bytes pass through unchanged, WRITEs not before there is room for them.
type filter struct {
	under   io.ReadWriter
	payload uint32 // the most that one READ or WRITE shall carry

	// One goroutine reads.
	ready []byte // for the reader, before anything else
	body  uint32 // what is left of a packet that passes through

	mu       sync.Mutex // for all that follows, and for writing
	version  []byte     // the library's first packet, as far as it has come
	answered bool       // that packet was replaced
	left     uint32     // what is to come of the library's present packet
	own      [][]byte   // packets of the filter's own that wait for its end
	asked    []uint32   // the lengths of the requests that the library has not answered: it answers in their order
	queued   uint32     // all of these together
	closed   bool
	room     *sync.Cond // when one of the last three has changed
}

func newFilter(under io.ReadWriter, payload uint32) *filter {
	f := &filter{under: under, payload: payload}
	f.room = sync.NewCond(&f.mu)
	return f
}

// Close lets nobody wait any longer. Whoever made the stream closes that.
func (f *filter) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.room.Broadcast()
	return nil
}

// ask notes a request for the library, and waits for room where it is a WRITE.
func (f *filter) ask(kind byte, length uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind == typeWrite && f.queued > 0 && f.queued+length > queuedPackets*f.payload && !f.closed {
		f.room.Wait()
	}
	if f.closed {
		return io.ErrClosedPipe
	}
	f.asked, f.queued = append(f.asked, length), f.queued+length
	return nil
}

// answeredOne notes that the library answers its next request. It is called with mu held.
func (f *filter) answeredOne() {
	if len(f.asked) == 0 {
		return
	}
	f.queued -= f.asked[0]
	f.asked = f.asked[1:]
	f.room.Broadcast()
}

func (f *filter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(f.ready) == 0 && f.body == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if len(f.ready) > 0 {
		n := copy(p, f.ready)
		f.ready = f.ready[n:]
		return n, nil
	}
	if uint32(len(p)) > f.body {
		p = p[:f.body]
	}
	n, err := f.under.Read(p)
	f.body -= uint32(n)
	return n, err
}

// next begins the client's next packet: as ready and body, or not at all where it was for the filter.
func (f *filter) next() error {
	var head [5]byte
	if _, err := io.ReadFull(f.under, head[:]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 1 || length > maxPacket {
		return errPacket
	}
	if head[4] != typeExtended {
		f.ready, f.body = head[:], length-1
		return f.ask(head[4], length)
	}
	packet := make([]byte, 4+length)
	copy(packet, head[:])
	if _, err := io.ReadFull(f.under, packet[5:]); err != nil {
		return err
	}
	return f.extended(packet)
}

func (f *filter) extended(packet []byte) error {
	id, name, rest, ok := parseExtended(packet[5:])
	switch {
	case !ok:
		return errPacket
	case name == "limits@openssh.com":
		return f.send(limits(id, f.payload))
	case name == "fsync@openssh.com":
		f.ready = emptyFSetStat(id, rest)
	case name == copyData:
		c, ok := parseCopy(rest)
		if !ok {
			return errPacket
		}
		f.ready = extendedFSetStat(id, c.to, copyData, rest)
	default:
		f.ready = packet
	}
	return f.ask(typeExtended, uint32(len(f.ready)))
}

// parseExtended takes the payload of an SSH_FXP_EXTENDED.
func parseExtended(p []byte) (id uint32, name string, rest []byte, ok bool) {
	if len(p) < 8 {
		return 0, "", nil, false
	}
	id = binary.BigEndian.Uint32(p)
	n := binary.BigEndian.Uint32(p[4:])
	p = p[8:]
	if uint64(n) > uint64(len(p)) {
		return 0, "", nil, false
	}
	return id, string(p[:n]), p[n:], true
}

// limits is the answer to limits@openssh.com (OpenSSH's PROTOCOL, section 4.8). How many handles there may be is not told: that is the session's.
func limits(id, payload uint32) []byte {
	p := []byte{typeExtendedReply}
	p = binary.BigEndian.AppendUint32(p, id)
	p = binary.BigEndian.AppendUint64(p, maxPacket)
	p = binary.BigEndian.AppendUint64(p, uint64(payload))
	p = binary.BigEndian.AppendUint64(p, uint64(payload))
	p = binary.BigEndian.AppendUint64(p, 0)
	return framed(p)
}

// emptyFSetStat is an FSETSTAT of the handle (in its form on the wire) that sets nothing.
func emptyFSetStat(id uint32, handle []byte) []byte {
	p := []byte{typeFSetStat}
	p = binary.BigEndian.AppendUint32(p, id)
	p = append(p, handle...)
	p = binary.BigEndian.AppendUint32(p, 0)
	return framed(p)
}

// attrExtended says that attributes have pairs of a name and a text.
const attrExtended = 0x80000000

// extendedFSetStat is an FSETSTAT of the handle that sets one attribute that the protocol does not know.
func extendedFSetStat(id uint32, handle, name string, text []byte) []byte {
	p := []byte{typeFSetStat}
	p = binary.BigEndian.AppendUint32(p, id)
	p = appendString(p, handle)
	p = binary.BigEndian.AppendUint32(p, attrExtended)
	p = binary.BigEndian.AppendUint32(p, 1)
	p = appendString(p, name)
	return framed(appendString(p, text))
}

func appendString[T string | []byte](p []byte, s T) []byte {
	return append(binary.BigEndian.AppendUint32(p, uint32(len(s))), s...)
}

func versionPacket() []byte {
	p := []byte{typeVersion}
	p = binary.BigEndian.AppendUint32(p, 3)
	for _, pair := range extensions {
		for _, s := range pair {
			p = appendString(p, s)
		}
	}
	return framed(p)
}

func framed(p []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...)
}

// send sends a packet of the filter's own as soon as the library is not in the middle of one.
func (f *filter) send(packet []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.answered:
		return errPacket // the client must wait for VERSION
	case f.left > 0:
		f.own = append(f.own, packet)
		return nil
	}
	_, err := f.under.Write(packet)
	return err
}

// Write passes on what the library sends, in pieces as it likes, of which each first one of a packet has the whole length field.
func (f *filter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.answered {
		return len(p), f.answer(p)
	}
	for rest := p; len(rest) > 0; {
		if f.left == 0 {
			if len(rest) < 4 {
				return 0, errPacket
			}
			f.left = 4 + binary.BigEndian.Uint32(rest)
			f.answeredOne()
		}
		n := min(uint32(len(rest)), f.left)
		if _, err := f.under.Write(rest[:n]); err != nil {
			return 0, err
		}
		rest, f.left = rest[n:], f.left-n
		if f.left == 0 {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// answer collects the library's first packet and sends the filter's in its place.
func (f *filter) answer(p []byte) error {
	f.version = append(f.version, p...)
	if len(f.version) < 5 || uint64(len(f.version)) < 4+uint64(binary.BigEndian.Uint32(f.version)) {
		return nil
	}
	if f.version[4] != typeVersion {
		return errPacket
	}
	f.version, f.answered = nil, true
	f.answeredOne()
	_, err := f.under.Write(versionPacket())
	return err
}

func (f *filter) flush() error {
	for _, packet := range f.own {
		if _, err := f.under.Write(packet); err != nil {
			return err
		}
	}
	f.own = nil
	return nil
}

var _ io.ReadWriteCloser = (*filter)(nil)
