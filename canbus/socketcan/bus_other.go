//go:build !linux

package socketcan

import (
	"context"
	"errors"
	"fmt"

	"tandem/canbus"
)

// Bus is one raw socket on one CAN interface.
type Bus struct{}

var _ canbus.Bus = (*Bus)(nil)

// Open gives errors.ErrUnsupported: SocketCAN is Linux's.
func Open(cfg Config) (*Bus, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("open CAN interface %s: SocketCAN needs Linux: %w", cfg.Interface, errors.ErrUnsupported)
}

// Interface is "".
func (b *Bus) Interface() string { return "" }

// FD is false.
func (b *Bus) FD() bool { return false }

// Dropped is 0.
func (b *Bus) Dropped() uint64 { return 0 }

// ReceiveBuffer is 0.
func (b *Bus) ReceiveBuffer() int { return 0 }

// Receive gives errors.ErrUnsupported.
func (b *Bus) Receive(context.Context, []canbus.Frame) (int, error) {
	return 0, errors.ErrUnsupported
}

// Send gives errors.ErrUnsupported.
func (b *Bus) Send(context.Context, []canbus.Frame) (int, error) {
	return 0, errors.ErrUnsupported
}

// Close does nothing.
func (b *Bus) Close() error { return nil }
