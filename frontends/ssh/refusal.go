package ssh

import (
	"encoding/binary"

	"golang.org/x/crypto/ssh"
)

const (
	msgDisconnect = 1
	// tooManyConnections is a reason code of a disconnection (RFC 4253, section 11.1). Clients show
	// the text that comes with it.
	tooManyConnections = 12
)

// refusal returns everything that the server sends to a client that it refuses: its identification,
// and a packet that disconnects. They are sent before the key exchange, so there is neither
// encryption nor MAC (RFC 4253, section 6).
func refusal(identification, text string) []byte {
	payload := ssh.Marshal(struct {
		Type           byte
		Reason         uint32
		Text, Language string
	}{msgDisconnect, tooManyConnections, text, ""})
	const block, head = 8, 5 // head: the packet length and the byte with the padding length
	padding := block - (head+len(payload))%block
	if padding < 4 {
		padding += block
	}
	b := []byte(identification + "\r\n")
	b = binary.BigEndian.AppendUint32(b, uint32(1+len(payload)+padding))
	b = append(b, byte(padding))
	b = append(b, payload...)
	return append(b, make([]byte, padding)...)
}
