// Package carport joins one car model's frames to the vehicle's signals, both
// ways: reports from frames, and commands to frames. It is the only place that
// knows both; it does not know screens, phones, or what a signal is for.
//
// A car model is a directory (README.md has its files and every rule in
// words). LoadCar reads and checks it whole; New joins the Car to a Store and
// to buses; Run moves the frames.
//
//	frame -> message by id -> counter, checksum -> decode plan -> transform -> Report
//	         (unknown: passed over)  |               not_available, error,
//	                                 +-> Invalid     range, formula, mapping
//
//	Command -> transform -> request stands in its message -> counter, checksum -> guard -> bus
//
// What a frame says is believed only if all that can be checked fits: a wrong
// checksum, a counter that stands still, a raw value that the database or the
// overlay does not admit make the signal Invalid, never a guess.
//
// Each bus has one goroutine that receives and, if there is something to
// transmit, one that sends and owns what stands in our messages; a third kind,
// one per Port, tells the Store's watches what went stale.
package carport
