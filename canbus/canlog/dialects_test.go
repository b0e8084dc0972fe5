package canlog_test

import (
	"strings"
	"testing"
)

// The console dialects, as candump 2020.11 printed one sequence of frames that
// cansend had sent, on a 6.1 kernel.
const (
	dumpLog = `(1795362865.415915) vcan0 123#DEADBEEF
(1795362865.432712) vcan0 18DAF110#0102030405060708
(1795362865.444716) vcan0 123##711223344556677889900AABB
(1795362865.462525) vcan0 123##41122
(1795362865.481196) vcan0 123#R5
(1795362865.498936) vcan0 123#R
(1795362865.519473) vcan0 18DAF110#R8
(1795362865.540940) vcan0 123#
(1795362865.588887) vcan0 123##6414243
`
	dumpExtra = ` (1795362865.415915)  vcan0  TX - -  123   [4]  DE AD BE EF
 (1795362865.432712)  vcan0  TX - -  18DAF110   [8]  01 02 03 04 05 06 07 08
 (1795362865.444716)  vcan0  TX B E       123  [12]  11 22 33 44 55 66 77 88 99 00 AA BB
 (1795362865.462525)  vcan0  TX - -       123  [02]  11 22
 (1795362865.481196)  vcan0  TX - -       123   [5]  remote request
 (1795362865.498936)  vcan0  TX - -       123   [0]  remote request
 (1795362865.519473)  vcan0  TX - -  18DAF110   [8]  remote request
 (1795362865.540940)  vcan0  TX - -       123   [0] 
 (1795362865.588887)  vcan0  TX - E       123  [03]  41 42 43
`
	dumpDate = ` (2026-11-22 15:54:25.415915)  vcan0  TX - -  123   [4]  DE AD BE EF               '....'
 (2026-11-22 15:54:25.432712)  vcan0  TX - -  18DAF110   [8]  01 02 03 04 05 06 07 08   '........'
 (2026-11-22 15:54:25.444716)  vcan0  TX B E       123  [12]  11 22 33 44 55 66 77 88 99 00 AA BB
 (2026-11-22 15:54:25.462525)  vcan0  TX - -       123  [02]  11 22                     '."'
 (2026-11-22 15:54:25.481196)  vcan0  TX - -       123   [5]  remote request
 (2026-11-22 15:54:25.498936)  vcan0  TX - -       123   [0]  remote request
 (2026-11-22 15:54:25.519473)  vcan0  TX - -  18DAF110   [8]  remote request
 (2026-11-22 15:54:25.540940)  vcan0  TX - -       123   [0]                            ''
 (2026-11-22 15:54:25.588887)  vcan0  TX - E       123  [03]  41 42 43                  'ABC'
`
	dumpDelta = ` (000.000000)  vcan0  123   [4]  EF` + "`BE`AD`DE               `....`" + `
 (000.016797)  vcan0  18DAF110   [8]  08` + "`07`06`05`04`03`02`01   `........`" + `
 (000.012004)  vcan0       123  [12]  BB` + "`AA`00`99`88`77`66`55`44`33`22`11" + `
 (000.017809)  vcan0       123  [02]  22` + "`11                     `\".`" + `
 (000.018671)  vcan0       123   [5]  remote request
 (000.017740)  vcan0       123   [0]  remote request
 (000.020537)  vcan0  18DAF110   [8]  remote request
 (000.021467)  vcan0       123   [0]                            ` + "``" + `
 (000.047947)  vcan0       123  [03]  43` + "`42`41                  `CBA`" + `
`
	dumpZero = ` (000.000000)  vcan0  123   [4]  11011110 10101101 10111110 11101111
 (000.016797)  vcan0  18DAF110   [8]  00000001 00000010 00000011 00000100 00000101 00000110 00000111 00001000
 (000.028801)  vcan0       123  [12]  00010001 00100010 00110011 01000100 01010101 01100110 01110111 10001000 10011001 00000000 10101010 10111011
 (000.046610)  vcan0       123  [02]  00010001 00100010
 (000.065281)  vcan0       123   [5]  remote request
 (000.083021)  vcan0       123   [0]  remote request
 (000.103558)  vcan0  18DAF110   [8]  remote request
 (000.125025)  vcan0       123   [0] 
 (000.172972)  vcan0       123  [03]  01000001 01000010 01000011
`
	dumpColour = "  \x1b[1m\x1b[34mvcan0  123   [4]  DE AD BE EF\x1b[0m\n" +
		"  \x1b[1m\x1b[34mvcan0       123  [12]  11 22 33 44 55 66 77 88 99 00 AA BB\x1b[0m\n" +
		"  \x1b[1m\x1b[34mvcan0  20000004   [8]  00 04 00 00 00 00 00 00   ERRORFRAME\n" +
		"\tcontroller-problem{rx-error-warning}\x1b[0m\n" +
		"  \x1b[1m\x1b[34mvcan0       123  [03]  41 42 43\x1b[0m\n"
)

// dumpErrors is candump -e on a controller that fails, by way of slcan.
const dumpErrors = `  can0  123   [2]  AA BB
  can0  20000204   [8]  00 04 00 00 00 00 62 64   ERRORFRAME
	20000204   [8]  00 04 00 00 00 00 62 64   ERRORFRAME
  can0  200000A8   [8]  00 00 00 19 00 00 00 00   ERRORFRAME
	protocol-violation{{}{acknowledge-slot}}
	no-acknowledgement-on-tx
	bus-error
  can0  20000040   [8]  00 00 00 00 00 00 00 00   ERRORFRAME
	bus-off
`

// dumpFrames is that sequence; the flags of FD frames show only in some.
func dumpFrames(suffix string, fd, fdESI, fdNone string) []string {
	fs := []string{
		"123#DEADBEEF", "18DAF110#0102030405060708", "123##" + fd + "11223344556677889900AABB",
		"123##" + fdNone + "1122", "123#R5", "123#R", "18DAF110#R8", "123#", "123##" + fdESI + "414243",
	}
	for i := range fs {
		fs[i] = "vcan0 " + fs[i] + suffix
	}
	return fs
}

func TestReaderConsole(t *testing.T) {
	const first = 1795362865415915000
	offsets := []int64{0, 16797, 28801, 46610, 65281, 83021, 103558, 125025, 172972}
	for _, c := range []struct {
		name, text string
		start      int64
		want       []string
	}{
		{"log", dumpLog, first, dumpFrames("", "3", "2", "0")},
		{"-t a -x", dumpExtra, first, dumpFrames(" T", "3", "2", "0")},
		{"-t A -x -a", dumpDate, first, dumpFrames(" T", "3", "2", "0")},
		{"-t d -S -a", dumpDelta, 0, dumpFrames("", "0", "0", "0")},
		{"-t z -i", dumpZero, 0, dumpFrames("", "0", "0", "0")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, times := read(t, newReader(t, c.text))
			equalLines(t, got, c.want)
			for i, at := range times {
				want := c.start + offsets[i]*1000
				if d := at - want; d < -1000 || d > 1000 { // -t d adds up rounded differences
					t.Errorf("frame %d: got time %d, want %d", i, at, want)
				}
			}
		})
	}
	got, _ := read(t, newReader(t, dumpColour))
	equalLines(t, got, []string{"vcan0 123#DEADBEEF", "vcan0 123##011223344556677889900AABB",
		"vcan0 20000004#0004000000000000", "vcan0 123##0414243"})
}

func TestReaderConsoleErrors(t *testing.T) {
	got, _ := read(t, newReader(t, dumpErrors))
	equalLines(t, got, []string{"can0 123#AABB", "can0 20000204#0004000000006264",
		"can0 200000A8#0000001900000000", "can0 20000040#0000000000000000"})
}

func TestReaderConsoleLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"  can0  123   [8]  11 22 33 44 55 66 77 88", "can0 123#1122334455667788"},
		{"  can0  123   [08]  11 22 33 44 55 66 77 88", "can0 123##01122334455667788"},
		{"  can0  123   {E}  11 22 33 44 55 66 77 88", "can0 123#1122334455667788"},
		{"  can0  123   {E}  remote request", "can0 123#R8"},
		{"  123   [1]  11", " 123#11"},
		{"can0  7FF [2] 11 22", "can0 7FF#1122"},
		{"  can0  RX - -  123   [1]  11", "can0 123#11"},
		{"  can0  RX B -  123  [01]  11", "can0 123##111"},
		{"  can0  TX - E  123  [01]  11", "can0 123##211 T"},
		{" (1.5)  can0  123   [1]  27             '''", "can0 123#27"},
		{"  can0  12345678   [0]", "can0 12345678#"},
		{"  can0  123  [64] " + strings.Repeat(" 5A", 64), "can0 123##0" + strings.Repeat("5A", 64)},
		{"  can0  123  [09]  11 22 33 44 55 66 77 88 99", "can0 123##0112233445566778899000000"},
		{" (2021-05-10 15:02:46.093313)  can0  RX - -  39E  [08]  EE EE EE EE EE EE EE EE <----- !!!!!", "can0 39E##0EEEEEEEEEEEEEEEE"},
		{"  can0  328   [8]  30 42 00 42 00 6C 00 75   '0B.B.l.u' <--Artist", "can0 328#30420042006C0075"},
		{"  can0  123   [8]  remote request", "can0 123#R8"},
		{"  can0  123   [3]  31`32`33", "can0 123#333231"},
		{"  can0  123   [1]  31", "can0 123#31"},
	} {
		got, _ := read(t, newReader(t, c.line))
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
}
