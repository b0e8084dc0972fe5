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
//
// Who may connect is said by the mode of the socket, which is vehicle/rpc's
// Listen: one helper for the sockets of all rooms, used by their commands.
package rpc

import "time"

// Limits of the two sides, and how they know of each other.
const (
	maxRequest = 1 << 20                // bytes of a request
	maxView    = 32 << 20               // bytes of a view
	heartbeat  = 250 * time.Millisecond // at least so often the server says something
	silence    = time.Second            // after that the phone link is gone
	lapse      = time.Second            // and so much later its leases: less than TTL minus renewal minus silence
	grace      = time.Second            // what is under way may take so long when the server ends
)
