package link

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"time"

	"tandem/phonelink/trust"
)

// tcpWire carries everything on one stream. What was written to the kernel can
// no longer be overtaken, so the kernel is kept from taking more than about one
// chunk beyond what the network accepts (lowWater).
type tcpWire struct {
	conn *tls.Conn
	r    *bufio.Reader
	mute bool // pairing: nothing is said at the end
}

// lowWater is how many unsent bytes the kernel may hold before the socket
// counts as full: Linux wakes a writer at less than half of it.
const lowWater = maxChunk

func newTCPWire(conn *tls.Conn) *tcpWire {
	pairs := conn.ConnectionState().NegotiatedProtocol == trust.ProtocolPair
	return &tcpWire{conn, bufio.NewReaderSize(conn, maxChunk), pairs}
}

func (w *tcpWire) transport() string          { return "tcp" }
func (w *tcpWire) control() io.ReadWriter     { return w }
func (w *tcpWire) Read(b []byte) (int, error) { return w.r.Read(b) }
func (w *tcpWire) Write(b []byte) (int, error) {
	return w.conn.Write(b)
}
func (w *tcpWire) deadline(t time.Time)       { w.conn.SetDeadline(t) }
func (w *tcpWire) lanes() [][]int             { return tcpLanes }
func (w *tcpWire) state() tls.ConnectionState { return w.conn.ConnectionState() }
func (w *tcpWire) congestion() int            { return 0 }
func (w *tcpWire) remoteAddr() netip.AddrPort { return addrPortOf(w.conn.RemoteAddr()) }

var tcpLanes = [][]int{{-1, 0, 1, 2, 3}}

func (w *tcpWire) writer(context.Context, int) (io.Writer, error) { return w.conn, nil }
func (w *tcpWire) accept(context.Context) (io.Reader, error)      { return nil, io.EOF }

// close says why, if the socket takes it soon, also while a writer waits in it.
func (w *tcpWire) close(code byeCode, text string) {
	w.conn.NetConn().SetDeadline(time.Now().Add(byeWithin))
	if !w.mute {
		w.conn.Write(appendBye(nil, code, text))
	}
	w.conn.NetConn().Close()
}

const byeWithin = 50 * time.Millisecond

// tuneTCP prepares a socket for a link: no delay, a small send queue, and the
// keep-alive of the kernel off, since the beats do its work.
func tuneTCP(c net.Conn) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	t.SetNoDelay(true)
	t.SetKeepAlive(false)
	if raw, err := t.SyscallConn(); err == nil {
		raw.Control(setLowWater)
	}
}
