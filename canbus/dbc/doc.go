// Package dbc reads CAN databases and turns them into plans that decode and
// encode payloads. It knows names, bits and scales; it does not know buses,
// time, what a signal means, or what may be sent.
//
// # Loading
//
// Load reads the DBC files that there are, not those that there should be:
// whatever is broken costs itself and not its neighbours, and each repair is
// a Diagnostic with line and column. Errors mean that something was left out,
// warnings that an assumption was made. Text may be UTF-8 (also with a mark),
// UTF-16 with a mark, or else code page 1252. Where tools disagree, cantools
// is followed; the differential test compares every layout, value and payload.
//
//	VERSION NS_ BS_ BU_ VAL_TABLE_   read; NS_ and BS_ say nothing of use
//	BO_ SG_ SIG_VALTYPE_             layout; M, m3, m3M and SG_MUL_VAL_ ranges
//	BO_TX_BU_ EV_ CM_ VAL_           senders, variables, comments, value texts
//	BA_DEF_ BA_DEF_DEF_ BA_          attributes; known are GenMsgCycleTime,
//	                                 GenSigStartValue, VFrameFormat, BusType
//	                                 and the long names (System...LongSymbol)
//	SIG_GROUP_                       signal groups
//	BA_REL_ and kin, SGTYPE_, CAT_   skipped knowingly
//	anything else                    skipped to the next known definition
//
// # Bits
//
// A payload bit has the number 8*byte + bit, where bit 0 is the byte's least
// significant. This picture is the same for both byte orders:
//
//	          bit 7    6    5    4    3    2    1    0
//	byte 0      7    6    5    4    3    2    1    0
//	byte 1     15   14   13   12   11   10    9    8
//	byte 2     23   22   21   20   19   18   17   16
//	...
//	byte 63   511  510  509  508  507  506  505  504
//
// A little-endian signal (Intel, @1) starts at its least significant bit and
// goes on to higher numbers. "4|10@1" is, from L to M:
//
//	byte 0      3    2    1    L    .    .    .    .     bits 4 to 7
//	byte 1      .    .    M    8    7    6    5    4     bits 8 to 13
//
// A big-endian signal (Motorola, @0) starts at its most significant bit, goes
// down within the byte and on at bit 7 of the next. "3|10@0" is, from M to L:
//
//	byte 0      .    .    .    .    M    8    7    6     bits 3 to 0
//	byte 1      5    4    3    2    1    L    .    .     bits 15 to 10
//
// A signal of 64 bits that starts within a byte touches nine.
//
// # Plans
//
// Compile turns each signal into a word to load, a shift, a mask and a scale;
// signals of one byte order stand in a row, and a multiplexor's values look up
// their signals in a table. Values are not clamped to the stated minimum and
// maximum: a signal that says more than it should is the reader's business.
// Multiplication and addition are never fused, so that all machines agree.
package dbc
