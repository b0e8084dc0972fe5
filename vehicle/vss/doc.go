// Package vss is the catalogue of the COVESA Vehicle Signal Specification, VSS
// 6.0: which signals there are, of what type and unit, in which range. It holds
// the facts only (no descriptions) in a compact text of its own, read in under
// two milliseconds. It does not know of any car, of values, or of the rest of
// this program.
//
// Source: COVESA vehicle_signal_specification, release 6.0 (2026-01-15).
package vss

//go:generate go run gen.go $VSS_CSV vss.txt
