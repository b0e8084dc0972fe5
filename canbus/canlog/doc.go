// Package canlog reads, writes and replays recordings of CAN buses in the
// formats of can-utils: the log file of `candump -l` and what candump prints on
// a console, told apart by content. It knows frames, interface names and time;
// it opens no files and knows nothing of signals.
//
// The formats, as can-utils writes them (lib.c, candump.c):
//
//	(1436509052.249713) vcan0 044#2A366C2BBA     log: seconds, interface, id#data
//	(1436509052.249713) vcan0 18DAF110#R8 T      extended id, remote, direction
//	(1436509052.249713) vcan0 123##31122334455   FD: ## and the flags BRS 1, ESI 2
//	(1436509052.249713) vcan0 20000004#0004...   error frame: bit 29 of the id
//	(1436509052.249713) vcan0 123#11..88_D       classic with a raw length code 9 to F
//	 (000.010012)  can0  TX B -  123  [08]  11 22 33 44 55 66 77 88
//	  can0  123   [2]  41 42             'AB'
package canlog

import "fmt"

// ParseError is one line that could not be read. Reading can go on after it.
type ParseError struct {
	File    string // what NewReader was told
	Line    int    // from 1
	Col     int    // byte in the line, from 1
	Message string // what is wrong, and what would be right
}

// Error is the place and the message.
func (e *ParseError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Message)
}
