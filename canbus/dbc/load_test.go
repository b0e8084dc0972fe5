package dbc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"tandem/canbus/dbc"
)

const whole = `VERSION "1.2"

NS_ :
	NS_DESC_
	CM_
	BA_DEF_
	SG_MUL_VAL_

BS_: 500000 : 1,2

BU_: Head Body Dash

VAL_TABLE_ OnOff 0 "off" 1 "on" ;

BO_ 256 Climate: 8 Head
 SG_ Temperature : 7|10@0+ (0.1,-40) [16|28] "degC"  Body,Dash
 SG_ Fan : 24|4@1- (2,1) [0|0] "" Vector__XXX

BO_ 2566834709 Truck: 8 Vector__XXX
 SG_ Switch M : 0|8@1+ (1,0) [0|0] "" Body
 SG_ Inner m1M : 8|8@1+ (1,0) [0|0] "" Body
 SG_ Deep m2 : 16|8@1+ (1,0) [0|0] "" Body

BO_ 512 Radar: 64 Head
 SG_ Range : 480|32@1- (1,0) [0|0] "m" Body

BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 Vector__XXX
 SG_ Loose : 0|8@1+ (1,0) [0|0] "" Vector__XXX

BO_TX_BU_ 256 : Head,Dash;
EV_ Key: 0 [0|3] "V" 1 2 DUMMY_NODE_VECTOR0 Head;
ENVVAR_DATA_ Data : 8;
CM_ "a database";
CM_ BU_ Head "the head
unit";
CM_ BO_ 256 "climate: \"set\"";
CM_ SG_ 256 Fan "steps";
CM_ EV_ Key "ignition";
BA_DEF_ "BusType" STRING ;
BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","StandardCAN_FD";
BA_DEF_ SG_ "GenSigStartValue" FLOAT 0 1000;
BA_DEF_ BU_ "Rack" HEX 0 255;
BA_DEF_REL_ BU_SG_REL_ "Timeout" INT 0 65535;
BA_DEF_DEF_ "BusType" "CAN";
BA_DEF_DEF_ "GenMsgCycleTime" 100;
BA_DEF_DEF_ "VFrameFormat" "StandardCAN";
BA_DEF_DEF_REL_ "Timeout" 0;
BA_ "BusType" "CAN FD";
BA_ "Rack" BU_ Body 17;
BA_ "GenMsgCycleTime" BO_ 256 20;
BA_ "GenMsgCycleTime" BO_ 512 0;
BA_ "VFrameFormat" BO_ 512 2;
BA_ "GenSigStartValue" SG_ 256 Temperature 620;
BA_REL_ "Timeout" BU_SG_REL_ Dash SG_ 256 Fan 200;
VAL_ 256 Fan 0 "off" -1 "reverse" ;
VAL_ 512 Range OnOff ;
VAL_ Key 0 "out" ;
SIG_GROUP_ 256 Seat 2 : Temperature Fan;
SIG_VALTYPE_ 512 Range : 1;
SG_MUL_VAL_ 2566834709 Inner Switch 1-1, 5-9;
SG_MUL_VAL_ 2566834709 Deep Inner 2-2;
SIGTYPE_VALTYPE_ Foo : 1;
`

func TestLoadEverySection(t *testing.T) {
	db, diags, err := dbc.Load("whole.dbc", []byte(whole))
	if err != nil || len(diags) > 0 {
		t.Fatalf("load: %v %v", err, diags)
	}
	climate, truck, radar := db.Message(256, false), db.Message(419351061, true), db.MessageByName("Radar")
	if climate == nil || truck == nil || radar == nil || len(db.Messages) != 3 {
		t.Fatalf("messages: got %v", db.Messages)
	}
	temperature, i := climate.Signal("Temperature")
	fan, j := climate.Signal("Fan")
	if i != 0 || j != 1 {
		t.Fatalf("signals of Climate: got indices %d and %d", i, j)
	}
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"version", db.Version, "1.2"},
		{"comment", db.Comment, "a database"},
		{"bus type", db.BusType, "CAN FD"},
		{"nodes", show(db.Nodes[0].Name, db.Nodes[1].Name, db.Nodes[2].Name, len(db.Nodes)), "Head Body Dash 3"},
		{"node comment", db.Nodes[0].Comment, "the head\nunit"},
		{"node attribute", db.Nodes[1].Attributes["Rack"].Number, 17.0},
		{"table", db.ValueTables["OnOff"][1], "on"},
		{"variable", show(*db.Environment[0]), `{Key 0 V 0 3 ignition map[0:out] map[]}`},
		{"independent", db.Independent[0].Name, "Loose"},
		{"climate", show(climate.Name, climate.ID, climate.Extended, climate.FD, climate.Len, climate.Cycle, climate.Sender, climate.Senders),
			"Climate 256 false false 8 20ms Head [Head Dash]"},
		{"climate comment", climate.Comment, `climate: "set"`},
		{"climate line", climate.Line, 15},
		{"group", show(*climate.Groups[0]), "{Seat 2 [Temperature Fan]}"},
		{"temperature", show(temperature.Start, temperature.Length, temperature.BigEndian, temperature.Signed, temperature.Scale, temperature.Offset,
			temperature.Min, temperature.Max, temperature.Unit, temperature.Receivers, temperature.Initial, temperature.HasInitial, temperature.Line),
			"7 10 true false 0.1 -40 16 28 degC [Body Dash] 620 true 16"},
		{"fan", show(fan.Start, fan.Length, fan.BigEndian, fan.Signed, fan.Scale, fan.Offset, fan.Receivers, fan.HasInitial, fan.Comment, fan.Values),
			"24 4 false true 2 1 [] false steps map[-1:reverse 0:off]"},
		{"truck", show(truck.Name, truck.ID, truck.Extended, truck.Cycle, truck.Sender), "Truck 419351061 true 100ms"},
		{"inner", show(*truck.Signals[1].Mux, truck.Signals[1].Switch), "{0 [{1 1} {5 9}]} true"},
		{"deep", show(*truck.Signals[2].Mux, truck.Signals[2].Switch), "{1 [{2 2}]} false"},
		{"switch", truck.Signals[0].Mux == nil && truck.Signals[0].Switch, true},
		{"radar", show(radar.FD, radar.Len, radar.Cycle, radar.Signals[0].Float, radar.Signals[0].Values), "true 64 0s 32 map[0:off 1:on]"},
		{"frame format", radar.Attributes["VFrameFormat"], dbc.Attribute{Text: "StandardCAN_FD", Number: 2}},
		{"no message", db.Message(256, true) == nil && db.Message(1, false) == nil && db.MessageByName("") == nil, true},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.what, tt.got, tt.want)
		}
	}
}

// show is the values with blanks between.
func show(values ...any) string { return strings.TrimSpace(fmt.Sprintln(values...)) }

// good surrounds a broken line: what stands before and after it must be read.
const good = `BO_ 1 Before: 8 N
 SG_ A : 0|8@1+ (1,0) [0|0] "" N
%s
BO_ 2 After: 8 N
 SG_ B : 0|8@1+ (1,0) [0|0] "" N
VAL_ 2 B 1 "one" ;
CM_ SG_ 2 B "last";
`

func TestRecovers(t *testing.T) {
	for _, tt := range []struct {
		broken string
		want   string // the diagnostic; empty: none
	}{
		{` SG_ X 8|8@1+ (1,0) [0|0] "" N`, "3:9: error: signal name and colon expected"},
		{` SG_ X : 8|@1+ (1,0) [0|0] "" N`, "3:12: error: signal length in bits"},
		{` SG_ X : 8|0@1+ (1,0) [0|0] "" N`, "3:12: error: signal length in bits (1 to 65536) expected"},
		{` SG_ X : -8|8@1+ (1,0) [0|0] "" N`, "3:10: error: start bit (0 to 65535) expected"},
		{` SG_ X : 99999|8@1+ (1,0) [0|0] "" N`, "3:10: error: start bit"},
		{` SG_ X : 8|8@2+ (1,0) [0|0] "" N`, `3:14: error: signal X: byte order and sign must be one of 0+ 0- 1+ 1-, not "2+"`},
		{` SG_ X : 8|8@1 (1,0) [0|0] "" N`, "3:14: warning: signal X: no sign"},
		{` SG_ X : 8|8@1 + (1,0) [0|0] "" N`, ""},
		{` SG_ X:8|8@1+(1,0)[0|0]""N`, ""},
		{"\tSG_ X : 8 | 8 @ 1+ ( 1 , 0 ) [ 0 | 0 ] \"\" N", ""},
		{` SG_ X : 8|8@1+ (0,1,0) [0|0] "" N`, "3:17: warning: decimal commas; taken as (0.1, 0)"},
		{` SG_ X : 8|8@1+ (0,1,-2,5) [0|0] "" N`, "3:17: warning: decimal commas; taken as (0.1, -2.5)"},
		{` SG_ X : 8|8@1+ (1) [0|0] "" N`, "3:17: error: signal X: (scale,offset) must be two numbers"},
		{` SG_ X : 8|8@1+ (x,0) [0|0] "" N`, `3:17: error: signal X: scale "x" and offset "0" must be finite`},
		{` SG_ X : 8|8@1+ (1e999,0) [0|0] "" N`, "3:17: error: signal X: scale"},
		{` SG_ X : 8|8@1+ (0,5) [0|0] "" N`, "3:17: warning: signal X: scale is 0, so that its value is always 5"},
		{` SG_ X : 8|8@1+ (1,0 [0|0] "" N`, "3:22: error: ) expected"},
		{` SG_ X : 8|8@1+ [0|0] "" N`, "3:17: warning: signal X has no (scale,offset)"},
		{` SG_ X : 8|8@1+ (1,0) "" N`, "3:23: warning: signal X has no [min|max]"},
		{` SG_ X : 8|8@1+ (1,0) [a|b] "" N`, "3:23: warning: signal X: [min|max] must be two numbers"},
		{` SG_ X : 8|8@1+ (1,0) [-1.#INF|1.#INF] "" N`, ""},
		{` SG_ X : 8|8@1+ (1,0) [0|1.#QNAN] "" N`, "3:23: warning: signal X: [min|max]"},
		{` SG_ X : 8|8@1+ (1,0) [0|0] N`, "3:29: warning: signal X has no unit string"},
		{` SG_ X : 8|8@1+ (1,0) [0|0] ""`, ""},
		{" SG_ X : 8|8@1+ (1,0) [0|0] \"\" N,\n   Q", ""},
		{` SG_ X : 8|8@1+ (1,0) [0|0] "" N ; `, ""},
		{` SG_ X : 8|8@1+ (1,0) [0|0] "" N [1]`, `3:34: warning: "[" after signal X is ignored`},
		{` SG_ X Y : 8|8@1+ (1,0) [0|0] "" N`, `3:6: warning: blanks in the name "X Y"; taken as X_Y`},
		{` SG_ Cell[3](a) m0 : 8|8@1+ (1,0) [0|0] "" N`, "3:2: warning: signal Cell[3](a) is multiplexed"},
		{` SG_ [ : 8|8@1+ (1,0) [0|0] "" N`, ""},
		{` SG_ X , : 8|8@1+ (1,0) [0|0] "" N`, "3:8: error: signal name and colon expected"},
		{` SG_ Inch : 8|8@1+ (1,0) [0|0] """ N`, "3:34: warning: string is never closed"},
		{` SG_ A : 8|8@1+ (1,0) [0|0] "" N`, "3:2: warning: message Before has a signal A already; both are kept"},
		{` SG_ X : 4|8@1+ (1,0) [0|0] "" N`, "3:2: warning: signal X shares bits with signal A"},
		{` SG_ X : 60|8@1+ (1,0) [0|0] "" N`, "3:2: warning: signal X ends in byte 8, message Before has 8"},
		{` SG_ X : 8|80@1+ (1,0) [0|0] "" N`, "3:2: warning: signal X has 80 bits"},
		{` SG_ X m1 : 8|8@1+ (1,0) [0|0] "" N`, "3:2: warning: signal X is multiplexed but message Before has no multiplexor"},
		{` SG_ X m99999999999999999999 : 8|8@1+ (1,0) [0|0] "" N`, "3:2: warning: signal X: multiplexor value 99999999999999999999 is too big"},
		{" SG_ X \"unit : 8|8@1+ (1,0) [0|0] N", "3:8: warning: string is never closed"},
		{"BO_ 4294967296 TooBig: 8 N\n SG_ X : 0|8@1+ (1,0) [0|0] \"\" N", "3:5: error: message number (0 to 4294967295) expected"},
		{"BO_ 4294967296 TooBig: 8 N\n SG_ X : 0|8@1+ (1,0) [0|0] \"\" N", "4:2: error: signal X belongs to no message"},
		{"BO_ 5 NoColon 8 N", "3:15: warning: no colon after the message's name"},
		{"BO_ 5 Two Words: 8 N", `3:7: warning: blanks in the name "Two Words"; taken as Two_Words`},
		{"BO_ 5 : 8 N", "3:7: error: message name and colon expected"},
		{"BO_ 5 X: -1 N", "3:10: error: message length (0 to 65536) expected"},
		{"BO_ 5 X: 8 N extra", `3:14: warning: "extra" after the message is ignored`},
		{"BO_ 0x5 Hex: 0x8 N", ""},
		{"BO_ 3000 Wide: 8 N", "3:1: warning: message Wide: 0xbb8 does not fit in 11 bits and lacks the extended flag"},
		{"BO_ 3758096389 Wider: 8 N", "3:1: warning: message Wider: 0x60000005 does not fit in 29 bits"},
		{"BO_ 1 Again: 8 N", "3:1: warning: message Again has the identifier 0x1 of message Before in line 1"},
		{"BO_ 5 Before: 8 N", "3:1: warning: a message Before stands in line 1 already"},
		{"GARBAGE here ; and there", `3:1: error: "GARBAGE" opens no known definition`},
		{"SIG_SOMETHING_NEW 1 2 3", `3:1: error: "SIG_SOMETHING_NEW" opens no known definition`},
		{"\x00\x01\x02", "3:2: error"},
		{"BA_REL_ \"x\" BU_SG_REL_ N SG_ 1 A 1", ""},
		{"SGTYPE_ 1 : 1;", ""},
		{"CAT_DEF_ 1;", ""},
		{"CM_ SG_ 1 A \"no end", "3:13: warning: string is never closed"},
		{"CM_ SG_ 1 A \"no end\nof it;", "3:13: warning: string is never closed"},
		{"CM_ SG_ 1 A \"two\nlines\";", ""},
		{"CM_ SG_ 1 A \"with\nBO_ 7 Inside: 8 N\nit\";", ""},
		{`CM_ SG_ 1 A "say "hello" now";`, "3:13: info: the comment has quotes inside that are not escaped"},
		{`CM_ SG_ 1 A "C:\";`, ""},
		{`CM_ SG_ 1 A "no semicolon"`, "4:1: info: the definition before this has no semicolon"},
		{`CM_ SG_ 1 A "more" stuff;`, `3:20: warning: "stuff" is not expected here`},
		{`CM_ SG_ 1 A;`, `3:12: error: comment string expected, found ";"`},
		{`CM_ SG_ 1 Z "x";`, "3:5: warning: a comment refers to signal Z, which message Before (1) does not have"},
		{`CM_ BO_ 99 "x";`, "3:5: warning: a comment refers to message 99, which is not defined"},
		{`CM_ BO_ 2147483649 "x";`, "3:5: info: a comment refers to message 2147483649; message 1 is meant"},
		{`BA_ "New" BO_ 1 5;`, "3:5: info: attribute New is used but not defined"},
		{`BA_ "New" BO_ 1;`, "3:16: error: attribute value expected"},
		{`BA_DEF_ BO_ "E" WEIRD 1 2;`, `3:17: warning: attribute E has the unknown type "WEIRD"`},
		{`BA_DEF_DEF_ "Nope" 1;`, "3:13: warning: default for attribute Nope, which is not defined"},
		{`VAL_ 1 A 1 "one" 2 ;`, `3:18: warning: value "2" has no text`},
		{`VAL_ 1 A 1.5 "x" ;`, `3:10: warning: "1.5" is no whole number; its text "x" is ignored`},
		{`VAL_ 1 A 1 "x" 1 "y" ;`, "3:16: info: value 1 has two texts; the later stands"},
		{`VAL_ 1 A NoTable ;`, "3:10: warning: value table NoTable is not defined"},
		{`SIG_VALTYPE_ 1 A : 1;`, "3:16: warning: signal A is said to be a 32-bit float but has 8 bits"},
		{`SIG_VALTYPE_ 1 A : 3;`, "3:16: warning: signal A has type 3"},
		{`SIG_VALTYPE_ 1 A : 7;`, "3:20: error: signal type (0 to 3) expected"},
		{`SG_MUL_VAL_ 1 A Z 1-1;`, "3:15: warning: SG_MUL_VAL_ refers to signals A and Z"},
		{`SG_MUL_VAL_ 1 A A 1-1;`, "3:15: warning: SG_MUL_VAL_ of signal A selects nothing"},
		{`SG_MUL_VAL_ 1 A B 5-1;`, "warning: multiplexor values \"5-1\" of signal A are no range"},
		{`CM_ SG_ 1 "no name";`, "3:11: error: name expected, found \"no name\""},
		{`CM_ VAL_ 1 A 15 "fifteen" ;`, "3:5: error: comment string expected, found \"VAL_\""},
		{`VAL_ 1 A 3 "three" 1 `, "3:20: warning: value \"1\" has no text"},
		{`VAL_ 1 A 3 "three"`, "4:1: info: the definition before this has no semicolon"},
		{"VAL_ 1 A 3 \"Not Used  \nDefault value: 0x0\";", ""},
		{"BS_: 500000 : 0,0", ""},
		{"BO_ 1178 2017_6: 8 XXX // direction:Rx", ""},
		{`BA_DEF_REL_ BU_BO_REL_  "Remote" ENUM  "0","1";`, ""},
		{`BA_ "x-y" 5;`, "3:5: info: attribute x-y is used but not defined"},
		{"<<<<<<< HEAD", "3:1: error: \"<<<<<<<\" opens no known definition"},
		{"BU_: N N", "3:8: info: node N is listed twice"},
		{"// a comment with BO_ and \"", ""},
		{"/* a comment\n with \" over lines */", ""},
		{"/* never closed", "3:1: warning: comment /* is never closed"},
		{"SIG_GROUP_ 1 G : A Z", ""},
		{"SIG_GROUP_ 1 G 1 : A", "4:1: info: the definition before this has no semicolon"},
		{"EV_ E: x [0|0] \"\" 0 1 D N;", "3:8: error: variable type"},
	} {
		db, diags, err := dbc.Load("f.dbc", fmt.Appendf(nil, good, tt.broken))
		if err != nil {
			t.Errorf("%q: %v", tt.broken, err)
			continue
		}
		found := tt.want == "" && !slices.ContainsFunc(diags, func(d dbc.Diagnostic) bool { return d.Severity != dbc.Info })
		for _, d := range diags {
			found = found || tt.want != "" && strings.Contains(d.String(), tt.want) && strings.HasPrefix(d.String(), "f.dbc:")
		}
		if !found {
			t.Errorf("%q: got %v, want %q", tt.broken, diags, tt.want)
		}
		m := db.MessageByName("After")
		if db.MessageByName("Before") == nil || m == nil || len(m.Signals) != 1 || m.Signals[0].Values[1] != "one" || m.Signals[0].Comment != "last" {
			t.Errorf("%q: what stands around it is lost: %v", tt.broken, diags)
		}
	}
}

func TestEncodings(t *testing.T) {
	text := "BO_ 1 M: 8 N\r\n SG_ T : 0|8@1+ (1,0) [0|0] \"%s\" N\r\n"
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(fmt.Sprintf(text, "°C"))) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	utf16be := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(fmt.Sprintf(text, "°C"))) {
		utf16be = append(utf16be, byte(u>>8), byte(u))
	}
	for name, tt := range map[string]struct {
		data []byte
		unit string
	}{
		"UTF-8":               {fmt.Appendf(nil, text, "°C"), "°C"},
		"byte order mark":     {fmt.Appendf([]byte{0xef, 0xbb, 0xbf}, text, "°C"), "°C"},
		"mixed":               {append(fmt.Appendf(nil, text, "°C"), "BO_ 2 O: 1 N\nCM_ BO_ 2 \"\xb0\";\n"...), "°C"},
		"cp1252":              {fmt.Appendf(nil, text, "\xb0C \x80\x99\x81"), "°C €™\u0081"},
		"mark, but cp1252":    {fmt.Appendf([]byte{0xef, 0xbb, 0xbf}, text, "\xb0C"), "°C"},
		"UTF-16, little":      {utf16le, "°C"},
		"UTF-16, big":         {utf16be, "°C"},
		"UTF-16, odd length":  {append(utf16le, 0), "°C"},
		"old Mac line ends":   {[]byte(strings.ReplaceAll(fmt.Sprintf(text, "V"), "\r\n", "\r")), "V"},
		"ends with Control-Z": {append(fmt.Appendf(nil, text, "V"), 0x1a), "V"},
	} {
		db, _, err := dbc.Load("e.dbc", tt.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(db.Messages[0].Signals) < 1 || db.Messages[0].Signals[0].Unit != tt.unit {
			t.Errorf("%s: got %+v, want unit %q", name, *db.Messages[0].Signals[0], tt.unit)
		}
	}
}

func TestOldMacintosh(t *testing.T) {
	db := load(t, strings.ReplaceAll(strings.ReplaceAll(whole, "\r", ""), "\n", "\r"))
	if len(db.Messages) != 3 || len(db.Messages[1].Signals) != 3 || db.Messages[0].Signals[1].Comment != "steps" {
		t.Errorf("got %d messages", len(db.Messages))
	}
}

func TestLoadErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "x.dbc:1:1: the file is empty; give a DBC file"},
		{"\n\n  hello world\n", `x.dbc:3:3: no BO_ message definition found, the file begins with "hello world"; check that it is a DBC text file`},
		{"\x7fELF\x02\x01\x01", "x.dbc:1:1: no BO_ message definition found"},
		{"VERSION \"\"\nBO_ x Name: 8 N\n", `x.dbc:2:5: no usable message in the file; the first problem is: message number (0 to 4294967295) expected, found "x"`},
	} {
		db, _, err := dbc.Load("x.dbc", []byte(tt.text))
		if err == nil || db != nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
	if db, diags, err := dbc.Load("x.dbc", []byte("VERSION \"\"\nBS_:\nBU_: A\n")); err != nil || len(db.Messages) != 0 || len(diags) != 1 {
		t.Errorf("sound but empty: got %v %v, want it loaded with a remark", diags, err)
	}
}

// A hostile file must not take long: each of these is one thing again and again.
// Eight times as much may take the processor eight times as long and some more;
// what looks at everything again for everything takes 64 times.
func TestHostileSizes(t *testing.T) {
	for _, unit := range []string{
		"\"", "\"\n", "\\\"", "/*\n", "/* ", "BO_ ", "BO_ 1 A: 8 N\n", " SG_ A : 0|64@1+ (1,0) [0|0] \"\" N\n", "SG_MUL_VAL_ 1 A A 0-1;\n", ",", "1-2,", "CM_ \"a\nBO_ 1\n", "x\n", "NS_ : ", "BU_: A ",
		" SG_ A m1M : 0|64@1+ (1,0) [0|0] \"\" N\n", "\n SG_ [[[[[[[[[[[[[[[[[[[[ [", "\nBO_ 1 A A A A A A A A A",
	} {
		load := func(size int) time.Duration {
			data := []byte("BO_ 1 M: 8 N\n SG_ A M : 0|8@1+ (1,0) [0|0] \"\" N\n SG_MUL_VAL_ 1 A A " + strings.Repeat(unit, size/len(unit)))
			start := processorTime(t)
			if db, _, err := dbc.Load("big.dbc", data); err == nil {
				dbc.Compile(db)
			}
			return processorTime(t) - start
		}
		few := min(load(1<<16), load(1<<16))
		if many := load(1 << 19); many > 32*few && many > time.Second {
			t.Errorf("%q: half a megabyte of it takes %v, an eighth of that %v", unit, many, few)
		}
	}
}

// processorTime is what this process has used.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Skip("no account of processor time: ", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(whole))
	f.Add(fmt.Appendf(nil, good, "GARBAGE \"x"))
	f.Add([]byte("BO_ 1 M: 8 N\n SG_ A m0M : 0|8@1+ (1,0) [0|0] \"\" N\n SG_ B m1M : 8|8@0- (1,0) [0|0] \"\" N\nSG_MUL_VAL_ 1 A B 0-0;\nSG_MUL_VAL_ 1 B A 0-0;\n"))
	f.Add([]byte("\xff\xfeB\x00O\x00"))
	f.Add([]byte("BO_ 1 M: 64 N\n SG_ A : 65535|64@0+ (1e300,1e300) [0|0] \"\" N\nSIG_VALTYPE_ 1 A : 2;\n"))
	if corpus := os.Getenv("TANDEM_CORPUS"); corpus != "" {
		files, _ := filepath.Glob(filepath.Join(corpus, "dbc", "*.dbc"))
		for _, name := range files {
			if data, err := os.ReadFile(name); err == nil && len(data) < 8<<10 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		db, diags, err := dbc.Load("f.dbc", data)
		for _, d := range diags {
			if d.Line < 1 || d.Col < 1 || d.Message == "" {
				t.Errorf("diagnostic without a place: %+v", d)
			}
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.dbc:") || db != nil {
				t.Errorf("got %v and database %v, want an error that begins with the place", err, db)
			}
			return
		}
		plan := dbc.Compile(db)
		for _, mp := range plan.Messages {
			roundTrip(t, mp, append(slices.Clone(data[:min(len(data), 64)]), make([]byte, 64)...)[:64])
		}
	})
}

// roundTrip checks that what is decoded encodes to the same bits.
func roundTrip(t *testing.T, mp *dbc.MessagePlan, payload []byte) {
	t.Helper()
	for _, n := range []int{0, 1, 7, 8, 9, 63, 64} {
		p := payload[:n]
		again := slices.Clone(p)
		seen := map[int32]bool{}
		for _, r := range mp.Decode(p, nil) {
			if seen[r.Signal] {
				t.Fatalf("signal %d is decoded twice", r.Signal)
			}
			seen[r.Signal] = true
			if err := mp.EncodeRaw(again, int(r.Signal), r.Raw); err != nil {
				t.Fatalf("encode what was decoded: %v", err)
			}
		}
		if !slices.Equal(again, p) {
			t.Fatalf("decoded and encoded: got % x, want % x", again, p)
		}
	}
}
