package node

import (
	"context"

	"tandem/phonelink"
)

// ConfirmLate says yes to a device in the moment after the time of the pairing
// screen is over, of which nobody has been told yet.
func ConfirmLate(n *Node, d phonelink.Device) error {
	return n.call(context.Background(), func(l *loop) error {
		n.gate.Close()
		n.pairings.confirm(d, true)
		return nil
	})
}
