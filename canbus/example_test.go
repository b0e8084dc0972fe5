package canbus_test

import (
	"context"
	"fmt"

	brutella "github.com/brutella/can"

	"tandem/canbus"
)

// A program written for brutella's bus joins an in-memory one.
func ExampleClassicStream() {
	pipe := canbus.NewPipe()
	car := pipe.Join("car")

	bus := brutella.NewBus(brutella.NewReadWriteCloser(canbus.ClassicStream(pipe.Join("ecu"))))
	answered := make(chan struct{})
	bus.SubscribeFunc(func(f brutella.Frame) {
		f.ID++
		bus.Publish(f)
		close(answered)
	})
	ended := make(chan error)
	go func() { ended <- bus.ConnectAndPublish() }()

	car.Send(context.Background(), []canbus.Frame{{ID: 0x7E0, Len: 1, Data: [64]byte{42}}})
	<-answered
	frames := make([]canbus.Frame, 8)
	n, _ := car.Receive(context.Background(), frames)
	fmt.Printf("%d frame: %X %d\n", n, frames[0].ID, frames[0].Payload())

	bus.Disconnect()
	fmt.Println(<-ended)
	// Output:
	// 1 frame: 7E1 [42]
	// canbus: bus is closed
}
