package kdeconnect

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/phonelink/discover"
)

// rigNeighbour names the device that this binary plays in the phone's
// namespace: one that speaks only DNS-SD.
const rigNeighbour = "TANDEM_RIG_NEIGHBOUR"

// neighbourMain announces and browses, and prints what it finds and which
// identities are sent to its own address: a socket that is bound to an address
// hears no broadcast.
func neighbourMain(id string) {
	u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(PhoneAddr, firstPort)))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() {
		buf := make([]byte, 8192)
		for {
			n, err := u.Read(buf)
			if err != nil {
				return
			}
			if i, err := parseIdentity(buf[:n]); err == nil {
				fmt.Println("told by", i.ID, i.Port)
			}
		}
	}()
	fmt.Println("ready")
	go discover.Browse(context.Background(), service, func(f discover.Found) {
		fmt.Println("found", f.Instance, f.Addr.Port(), f.Text["name"], f.Text["protocol"])
	})
	fmt.Println(discover.Announce(context.Background(), discover.Service{Instance: id, Type: service, Host: id, Port: firstPort}))
}

// TestRigMDNS has a device that hears no broadcast find the car by DNS-SD, and
// be told by unicast: by its announcement, or as a neighbour that turned up.
func TestRigMDNS(t *testing.T) {
	if !InRig(t) {
		return
	}
	r := NewRig(t)
	r.KillDaemon()
	id := newID()
	r.env = append(r.env, rigNeighbour+"="+id)
	r.start("neighbour.log", os.Args[0])
	said := func() string {
		data, _ := os.ReadFile(filepath.Join(r.Dir, "neighbour.log"))
		return string(data)
	}
	r.Wait("the neighbour", func() bool { return strings.Contains(said(), "ready") })
	e := startEnd(t, newMemoryKeeper(t), hubConfig{Name: "Tandem", MDNS: true, Logger: testLogger(t)})
	e.openPairing(time.Now().Add(time.Minute))
	defer func() { t.Log(said()) }()
	took := r.Wait("the car to be found", func() bool {
		return strings.Contains(said(), fmt.Sprintf("found %s %d Tandem 8", e.self.ID, firstPort))
	})
	t.Logf("found by DNS-SD after %v", took)
	took = r.WaitFor(40*time.Second, "the neighbour to be told", func() bool { return strings.Contains(said(), fmt.Sprintf("told by %s %d", e.self.ID, firstPort)) })
	t.Logf("told by unicast after %v", took)
}
