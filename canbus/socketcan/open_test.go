package socketcan_test

import (
	"strings"
	"testing"

	"tandem/canbus/socketcan"
)

// TestOpenMisuse needs no CAN: on a machine without it the errors must be as
// helpful.
func TestOpenMisuse(t *testing.T) {
	for _, c := range []struct {
		cfg  socketcan.Config
		says []string
	}{
		{socketcan.Config{}, []string{"no name given", "`ip -br link show type can`"}},
		{socketcan.Config{Interface: "a-name-that-is-too-long"}, []string{"a-name-that-is-too-long", "at most 15 bytes"}},
		{socketcan.Config{Interface: "can0", ReceiveBuffer: -1}, []string{"can0", "-1 bytes"}},
		{socketcan.Config{Interface: "nosuchcan0"}, []string{"open CAN interface nosuchcan0: ", "`"}},
	} {
		b, err := socketcan.Open(c.cfg)
		if err == nil {
			b.Close()
			t.Errorf("%+v: opened", c.cfg)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("got %q, want it to say %q", err, s)
			}
		}
	}
}
