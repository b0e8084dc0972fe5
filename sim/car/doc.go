// Package car simulates Tandem One: how it moves, charges, warms up and is
// handled, the control units that put this on three CAN buses, and the faults
// that a test asks for. It knows the databases of the car through generated
// code and by hand, and nothing of how a head unit reads or shows them: it is
// the other side of every integration test (see sim).
//
//	scenario, Command ──> world (10 ms steps) ──> control units ──> schedule ──> buses
//	                        ^                                                      │
//	                        └─────── inbox <── counter, checksum <── requests <────┘
//
// The classic buses are spoken through brutella/can's Bus over a byte stream of
// our Bus, one attachment for all the control units of a bus: on the wire nobody
// can tell that they are not one each, and no frame is copied to eighteen
// receivers that do not want it. CAN FD frames, which brutella does not
// have, go through our Bus directly.
//
// # The same frames, always
//
// One seed and one scenario give the same frames to the byte and, in virtual
// time, to the nanosecond, on every architecture:
//
//   - Only Step changes anything; it works in fixed steps of 10 ms, in a fixed
//     order, from inputs that were queued before it.
//   - Noise comes from one PCG (math/rand/v2) that only the step draws from.
//   - No product is added to anything unless it was converted with float64(..)
//     first: the conversion forbids the compiler to fuse the two, which arm64,
//     ppc64 and s390x have an instruction for and amd64 as compiled here has
//     not. A test looks for such instructions in the arm64 code.
//   - Of package math only functions that are exact everywhere are used (Sqrt,
//     Floor, Abs, Min, Max); sine and cosine are our own.
package car
