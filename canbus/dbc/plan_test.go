package dbc_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"tandem/canbus/dbc"
)

func load(t testing.TB, text string) *dbc.Database {
	t.Helper()
	db, _, err := dbc.Load("test.dbc", []byte(text))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return db
}

// oneSignal is the plan of a message of n bytes with one signal.
func oneSignal(t testing.TB, n int, layout, more string) *dbc.MessagePlan {
	t.Helper()
	db := load(t, fmt.Sprintf("BO_ 5 Frame: %d Node\n SG_ S : %s\n%s", n, layout, more))
	if len(db.Messages[0].Signals) != 1 {
		t.Fatalf("signal %s was not read", layout)
	}
	return dbc.Compile(db).Message(5, false)
}

func TestDecodeByHand(t *testing.T) {
	straddle := make([]byte, 64)
	for i := range straddle {
		straddle[i] = byte(0x11 * (i % 15))
	}
	for _, tt := range []struct {
		layout, more string
		payload      []byte
		raw          int64
		value        float64
	}{
		{`0|8@1+ (1,0) [0|0] "" N`, "", []byte{0x80}, 0x80, 128},
		{`0|8@1- (1,0) [0|0] "" N`, "", []byte{0x80}, -128, -128},
		{`7|8@0- (0.5,10) [0|0] "" N`, "", []byte{0x80}, -128, -54},
		{`4|12@1+ (1,0) [0|0] "" N`, "", []byte{0x21, 0x43}, 0x432, 0x432},
		{`3|12@0+ (1,0) [0|0] "" N`, "", []byte{0x21, 0x43}, 0x143, 0x143},
		{`5|10@0- (1,0) [0|0] "" N`, "", []byte{0x3f, 0xef}, -2, -2},
		{`0|64@1+ (1,0) [0|0] "" N`, "", []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, math.MinInt64, 1 << 63},
		{`0|64@1- (1,0) [0|0] "" N`, "", []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, math.MinInt64, -1 << 63},
		{`7|64@0- (2,1) [0|0] "" N`, "", []byte{255, 255, 255, 255, 255, 255, 255, 254}, -2, -3},
		{`0|32@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", []byte{0, 0, 0xc0, 0x3f}, 0x3fc00000, 1.5},
		{`7|32@0- (2,0.5) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", []byte{0x3f, 0xc0, 0, 0}, 0x3fc00000, 3.5},
		{`0|64@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 2;", []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, int64(math.Float64bits(-1.5)), -1.5},
		{`0|16@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", []byte{0x00, 0x3e}, 0x3e00, 1.5},
		{`504|8@1+ (1,0) [0|0] "" N`, "", straddle, 0x33, 0x33},
		{`4|64@1- (1,0) [0|0] "" N`, "", []byte{0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}, -0x1000000000000001, -0x1000000000000001},
		{`3|64@0+ (1,0) [0|0] "" N`, "", []byte{0xf1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x0f}, 0x123456789abcdef0, 0x123456789abcdef0},
		{`451|60@0+ (1,0) [0|0] "" N`, "", append(make([]byte, 56), 0xf4, 0, 0, 0, 0, 0, 0, 1), 0x400000000000001, 0x400000000000001},
	} {
		mp := oneSignal(t, len(tt.payload), tt.layout, tt.more)
		got := mp.Decode(tt.payload, nil)
		if len(got) != 1 || got[0].Raw != tt.raw || got[0].Value != tt.value {
			t.Errorf("decode %s of % x: got %+v, want raw %#x value %g", tt.layout, tt.payload, got, tt.raw, tt.value)
			continue
		}
		for _, fill := range []byte{0, 0xff} {
			payload := make([]byte, len(tt.payload))
			for i := range payload {
				payload[i] = fill
			}
			if err := mp.EncodeRaw(payload, 0, tt.raw); err != nil {
				t.Errorf("encode %s: %v", tt.layout, err)
			}
			if back := mp.Decode(payload, nil); back[0].Raw != tt.raw {
				t.Errorf("encode %s over %#x: got raw %#x, want %#x", tt.layout, fill, back[0].Raw, tt.raw)
			}
		}
	}
}

func TestEncodeRange(t *testing.T) {
	for _, tt := range []struct {
		layout, more string
		value        float64
		want         int64
		ok           bool
	}{
		{`0|8@1+ (1,0) [0|0] "" N`, "", 255.5, 0, false},
		{`0|8@1+ (1,0) [0|0] "" N`, "", 255.4, 255, true},
		{`0|8@1+ (1,0) [0|0] "" N`, "", -0.4, 0, true},
		{`0|8@1+ (1,0) [0|0] "" N`, "", -1, 0, false},
		{`0|8@1- (1,0) [0|0] "" N`, "", -128, -128, true},
		{`0|8@1- (1,0) [0|0] "" N`, "", -129, 0, false},
		{`0|8@1- (1,0) [0|0] "" N`, "", 128, 0, false},
		{`0|8@1- (1,0) [0|0] "" N`, "", 127, 127, true},
		{`0|8@1- (1,0) [0|0] "" N`, "", math.NaN(), 0, false},
		{`0|8@1+ (1,0) [0|0] "" N`, "", math.Inf(1), 0, false},
		{`0|8@1+ (0.5,-40) [0|10] "" N`, "", 21.5, 123, true}, // over the stated maximum: a hint
		{`0|8@1+ (-1,10) [0|0] "" N`, "", 10, 0, true},
		{`0|8@1+ (0,10) [0|0] "" N`, "", 10, 0, false},
		{`0|64@1+ (1,0) [0|0] "" N`, "", 1 << 64, -1, true}, // the highest rounds to this
		{`0|64@1+ (1,0) [0|0] "" N`, "", 1<<64 + 4096, 0, false},
		{`0|64@1+ (1,0) [0|0] "" N`, "", 1 << 63, math.MinInt64, true},
		{`0|64@1- (1,0) [0|0] "" N`, "", 1 << 63, math.MaxInt64, true},
		{`0|64@1- (1,0) [0|0] "" N`, "", -1 << 63, math.MinInt64, true},
		{`0|64@1- (1,0) [0|0] "" N`, "", 1<<63 + 2048, 0, false},
		{`0|32@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", 1e39, 0, false},
		{`0|32@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", math.Inf(1), 0x7f800000, true},
		{`0|16@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", 65504, 0x7bff, true},
		{`0|16@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;", 65520, 0, false},
	} {
		mp := oneSignal(t, 8, tt.layout, tt.more)
		payload := make([]byte, 8)
		err := mp.Encode(payload, 0, tt.value)
		if (err == nil) != tt.ok {
			t.Errorf("encode %g as %s: got error %v, want ok %t", tt.value, tt.layout, err, tt.ok)
			continue
		}
		if err != nil {
			if !errors.Is(err, dbc.ErrRange) || [8]byte(payload) != [8]byte{} {
				t.Errorf("encode %g as %s: got %v and % x, want a range error and nothing written", tt.value, tt.layout, err, payload)
			}
			continue
		}
		if got := mp.Decode(payload, nil)[0].Raw; got != tt.want {
			t.Errorf("encode %g as %s: got raw %d, want %d", tt.value, tt.layout, got, tt.want)
		}
	}
}
