package link_test

import (
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// tallied counts the datagrams that a device sends.
type tallied struct {
	net.PacketConn
	sent *atomic.Int64
}

func (c tallied) WriteTo(b []byte, to net.Addr) (int, error) {
	c.sent.Add(1)
	return c.PacketConn.WriteTo(b, to)
}

// TestIdleLinkIsQuiet counts the packets of a link that has nothing to say: a
// beat, its answer with the acknowledgement, and one more of that, every 600 ms,
// and some that QUIC adds. Two devices that beat for themselves every 400 ms
// sent 520 in a minute.
func TestIdleLinkIsQuiet(t *testing.T) {
	for _, carElects := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p := home
			p.Loss = 0
			w := newWorld(t, p, *seed, carElects)
			var sent atomic.Int64
			w.car.net = memoryNetwork{tallied{w.net.Server(), &sent}}
			w.phone.net = memoryNetwork{tallied{w.net.Client(), &sent}}
			w.up()
			defer w.stop()
			time.Sleep(10 * time.Second)
			before := sent.Load()
			time.Sleep(time.Minute)
			if n := sent.Load() - before; n < 60*2 || n > 60*7 {
				t.Errorf("got %d packets in a minute, want about 350", n)
			}
		})
	}
}
