package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Resum puts the right checksums into the frame at an offset of a file, as a
// forger would.
func Resum(data []byte, at int) []byte {
	b := bytes.Clone(data)
	head := b[at : at+frameLen]
	length := int(binary.BigEndian.Uint32(head))
	id := b[len(magic)+2:][:idLen]
	binary.BigEndian.PutUint32(head[12:], crc32.Checksum(b[at+frameLen:][:length], castagnoli))
	binary.BigEndian.PutUint32(head[16:], crc32.Update(crc32.Checksum(id, castagnoli), castagnoli, head[:16]))
	return b
}
