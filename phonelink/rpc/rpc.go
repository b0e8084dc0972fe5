// Package rpc is the phone link for another process of ours: phonelink.Service
// over gRPC on a unix socket. It does not know what a request does.
//
//	node (a phonelink.Service) <- Server <- socket <- Client (a phonelink.Service) -> shell
//
// A view and a request travel as CBOR (RFC 8949) in one field of a small
// protobuf message, with the names of the Go fields as keys. A protobuf message
// for each of the fifty structs of phonelink would be a second vocabulary of a
// thousand lines that has to follow the first by hand; both ends of this socket
// are one binary, so there is nobody else to be compatible with. Of interfaces
// (documents, actions, requests) the name of the type goes along. What is read
// is bounded: 16 levels, 64 Ki entries, 1 MiB of a request, 32 MiB of a view.
//
// A Client is the same to its user as the Service itself. When the phone link
// is gone, or silent for a second, the view says so in Trouble, no phone is
// reached and no pairing is open; and because nobody renews its leases then, a
// session that an heir may claim is not rendered from two seconds on.
package rpc

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Limits of the two sides, and how they know of each other.
const (
	maxRequest = 1 << 20                // bytes of a request
	maxView    = 32 << 20               // bytes of a view
	heartbeat  = 250 * time.Millisecond // at least so often the server says something
	silence    = time.Second            // after that the phone link is gone
	lapse      = time.Second            // and so much later its leases: less than TTL minus renewal minus silence
)

// Listen makes a unix socket that those may use whom mode lets write to it. A
// socket that a crash left is replaced; one that somebody answers on is not.
func Listen(path string, mode fs.FileMode) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&fs.ModeSocket == 0 {
			return nil, fmt.Errorf("listen on %s: it is there and no socket: move it away", path)
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return nil, fmt.Errorf("listen on %s: another process answers there: end it first", path)
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	l, err := net.Listen("unix", path) // until chmod nobody but the owner connects
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}
