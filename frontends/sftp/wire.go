package sftp

import (
	"encoding/binary"
	"errors"
	"io"
)

// Types of packets (draft-ietf-secsh-filexfer-02, section 3).
const (
	typeInit          = 1
	typeVersion       = 2
	typeOpen          = 3
	typeClose         = 4
	typeRead          = 5
	typeWrite         = 6
	typeLstat         = 7
	typeFstat         = 8
	typeSetstat       = 9
	typeFsetstat      = 10
	typeOpendir       = 11
	typeReaddir       = 12
	typeRemove        = 13
	typeMkdir         = 14
	typeRmdir         = 15
	typeRealpath      = 16
	typeStat          = 17
	typeRename        = 18
	typeReadlink      = 19
	typeSymlink       = 20
	typeStatus        = 101
	typeHandle        = 102
	typeData          = 103
	typeName          = 104
	typeAttrs         = 105
	typeExtended      = 200
	typeExtendedReply = 201
)

// protocolVersion is the version of the protocol that the server speaks.
const protocolVersion = 3

// Flags of OPEN (section 6.3).
const (
	openRead   = 0x01
	openWrite  = 0x02
	openAppend = 0x04
	openCreate = 0x08
	openTrunc  = 0x10
	openExcl   = 0x20
)

// maxPacket is the longest packet that is accepted, without its length field: that of OpenSSH.
const maxPacket = 256 << 10

var errPacket = errors.New("malformed packet")

// readPacket reads a packet and returns it with its length field, in buf if that is large enough.
func readPacket(r io.Reader, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 1 || length > maxPacket {
		return nil, errPacket
	}
	if n := 4 + int(length); cap(buf) < n {
		buf = make([]byte, n)
	} else {
		buf = buf[:n]
	}
	copy(buf, head[:])
	_, err := io.ReadFull(r, buf[4:])
	return buf, err
}

// fields parses a packet. When a field is missing, it sets bad, and all further fields are zero.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) take(n uint64) []byte {
	if f.bad || n > uint64(len(f.rest)) {
		f.bad = true
		return nil
	}
	p := f.rest[:n]
	f.rest = f.rest[n:]
	return p
}

func (f *fields) uint32() uint32 {
	p := f.take(4)
	if p == nil {
		return 0
	}
	return binary.BigEndian.Uint32(p)
}

func (f *fields) uint64() uint64 {
	p := f.take(8)
	if p == nil {
		return 0
	}
	return binary.BigEndian.Uint64(p)
}

// bytes takes a string off the packet, without copying it.
func (f *fields) bytes() []byte { return f.take(uint64(f.uint32())) }

func (f *fields) string() string { return string(f.bytes()) }

func appendString[T string | []byte](p []byte, s T) []byte {
	return append(binary.BigEndian.AppendUint32(p, uint32(len(s))), s...)
}

// framed returns a packet with its length before it.
func framed(p []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(p)), uint32(len(p))), p...)
}

// answer begins an answer packet with its type and the request's ID.
func answer(kind byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, id)
}
