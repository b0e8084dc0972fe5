package vss

import (
	"math"
	"strings"
)

// Type is a VSS data type.
type Type uint8

// Data types. Array of a type is that type with the Array bit.
const (
	None Type = iota // of a branch
	Boolean
	Int8
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Int64
	Uint64
	Float  // IEEE 754 single
	Double // IEEE 754 double
	String

	Array Type = 0x80
)

var typeNames = [...]string{"none", "boolean", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float", "double", "string"}

// String is the type's VSS name: "uint8", "string[]".
func (t Type) String() string {
	name := "none"
	if e := t.Element(); int(e) < len(typeNames) {
		name = typeNames[e]
	}
	if t&Array != 0 {
		return name + "[]"
	}
	return name
}

// ParseType reads a VSS type name.
func ParseType(name string) (Type, bool) {
	element, array := strings.CutSuffix(name, "[]")
	for t := Boolean; t <= String; t++ {
		if typeNames[t] == element {
			if array {
				t |= Array
			}
			return t, true
		}
	}
	return None, false
}

// Element is the type of an array's elements, or the type itself.
func (t Type) Element() Type { return t &^ Array }

// Integer says whether values are whole numbers.
func (t Type) Integer() bool { return t >= Int8 && t <= Uint64 }

// Numeric says whether values are numbers.
func (t Type) Numeric() bool { return t >= Int8 && t <= Double }

// Range is the limits of an integer type, as far as a float64 can say them;
// NaN for all others.
func (t Type) Range() (lo, hi float64) {
	if !t.Integer() {
		return math.NaN(), math.NaN()
	}
	bits := 8 << ((t - Int8) / 2)
	if (t-Int8)%2 == 0 { // signed
		return -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1) - 1
	}
	return 0, math.Ldexp(1, bits) - 1
}
