// Package dbc reads CAN databases and turns them into plans that decode and
// encode payloads. It knows names, bits and scales; it does not know buses,
// time, what a signal means, or what may be sent.
package dbc
