package ssh

import (
	"encoding/binary"

	"golang.org/x/crypto/ssh"
)

const (
	msgDisconnect = 1
	// tooManyConnections is the reason of a disconnection (RFC 4253, section 11.1). Clients show
	// the text beside it to their user.
	tooManyConnections = 12
)

// refusal returns all that the server says to a client that it does not serve: its identification,
// and a packet that ends the connection. It goes out before the exchange of keys, so there is
// neither encryption nor MAC (RFC 4253, section 6).
func refusal(identification, text string) []byte {
	payload := ssh.Marshal(struct {
		Type           byte
		Reason         uint32
		Text, Language string
	}{msgDisconnect, tooManyConnections, text, ""})
	const block, head = 8, 5 // the length of the packet, and the byte with that of the padding
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
