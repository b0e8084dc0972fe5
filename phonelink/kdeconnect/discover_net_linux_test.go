package kdeconnect

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// netlink builds a message of rtnetlink(7).
func netlink(kind uint16, body []byte) []byte {
	out := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	out = binary.NativeEndian.AppendUint16(out, kind)
	out = append(out, make([]byte, 10)...)
	out = append(out, body...)
	return append(out, make([]byte, (4-len(out)%4)%4)...)
}

func neighbourBody(state uint16, address netip.Addr) []byte {
	out := []byte{unix.AF_INET, 0, 0, 0, 2, 0, 0, 0}
	out = binary.NativeEndian.AppendUint16(out, state)
	out = append(out, 0, 0)
	raw := address.AsSlice()
	out = binary.NativeEndian.AppendUint16(out, uint16(4+len(raw)))
	out = binary.NativeEndian.AppendUint16(out, unix.NDA_DST)
	return append(out, raw...)
}

func TestNetworkNews(t *testing.T) {
	phone := netip.MustParseAddr("10.0.0.7")
	for name, c := range map[string]struct {
		data []byte
		want []wake
	}{
		"a link":                    {netlink(unix.RTM_NEWLINK, make([]byte, 16)), []wake{{network: true}}},
		"a lease of this machine":   {netlink(unix.RTM_NEWADDR, make([]byte, 8)), []wake{{network: true}}},
		"a phone that turned up":    {netlink(unix.RTM_NEWNEIGH, neighbourBody(unix.NUD_STALE, phone)), []wake{{hint: phone}}},
		"a phone that is asked for": {netlink(unix.RTM_NEWNEIGH, neighbourBody(unix.NUD_INCOMPLETE, phone)), nil},
		"one that went":             {netlink(unix.RTM_DELNEIGH, neighbourBody(unix.NUD_STALE, phone)), nil},
		"two":                       {append(netlink(unix.RTM_NEWNEIGH, neighbourBody(unix.NUD_REACHABLE, phone)), netlink(unix.RTM_DELADDR, nil)...), []wake{{hint: phone}, {network: true}}},
		"cut":                       {netlink(unix.RTM_NEWNEIGH, neighbourBody(unix.NUD_STALE, phone))[:30], nil},
		"nothing":                   {nil, nil},
	} {
		if got := networkNews(c.data); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzNetworkNews(f *testing.F) {
	f.Add(netlink(unix.RTM_NEWNEIGH, neighbourBody(unix.NUD_STALE, netip.MustParseAddr("10.0.0.7"))))
	f.Add(netlink(unix.RTM_NEWLINK, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := len(networkNews(data)); n > len(data)/unix.SizeofNlMsghdr {
			t.Errorf("%d news in %d bytes", n, len(data))
		}
	})
}
