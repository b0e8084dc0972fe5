// Package guard decides which frames may be sent: deny by default, by bus,
// identifier, format, exact length, signal values, rate, and what is true of
// the car at that moment. It knows frames, a policy and named predicates; it
// does not know what a signal means, who asks, or how a predicate is found
// out, and it never changes a frame.
//
// A Guard is a canbus.Bus in front of another. Received frames pass; a frame
// to be sent passes only if an entry of the policy for this bus allows it:
//
//	frame -> policy? -> remote/error? -> known id? -> format, length
//	      -> origin -> values of all its signals -> predicates -> rate -> bus
//	           |            |                          |           |
//	           +------------+--- any "no" or "unknown" +-----------+--> refused
//
// It fails closed: no policy, no database for an entry that asks for values,
// no predicate function for an entry that has conditions, or one that panics,
// refuse. The frames of one Send are copied once, then checked against one
// reading of the clock and of each predicate, and the copy is what is sent:
// nobody can change a frame between the check and the bus. A rate's token is
// taken by the last check and is spent even if the bus then fails.
//
// # The policy file
//
// A YAML document with one list. Every key is checked; unknown ones are
// errors with line and column.
//
//	transmit:
//	  - bus: body               # required: the Config.BusName it is for
//	    message: ClimateCommand # by name in the database, or
//	    # id: 0x321             # by identifier,
//	    # extended: false       # of 29 bits when true; only with id
//	    length: 8               # exact payload bytes; default: the database's
//	    fd: false               # FD format; default: the database's, or false
//	    signals:                # absent: the payload is not looked at
//	      Temperature: {min: 16, max: 28}  # physical, both ends included
//	      FanMode: {values: [0, 1, 3]}     # raw
//	      Counter: {any: true}             # any value
//	    unused: zero            # bits of no signal: zero (default), one or any
//	    rate: {per_second: 20, burst: 5}   # required: token bucket
//	    when: [parked]          # predicates, all must be true; default: none
//	    origin: [driver]        # who may ask, see Guard.For; default: anybody
//
// With signals, every signal that is in the payload (multiplexing honoured)
// must have a rule: New refuses a policy that forgets one. Rules of signals
// bind only while these are in the payload. An end of a range that lies
// within a millionth of a step of a raw value includes it, so that 16.1 with
// a scale of 0.1 means what it says.
package guard
