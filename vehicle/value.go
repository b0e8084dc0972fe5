package vehicle

import "strconv"

// Type is the kind of datum that a Value holds.
type Type uint8

// Types of Value. Every VSS number, whole or not, is a Number: a float64
// holds each of them to 2^53 exactly.
const (
	None   Type = iota // no value
	Bool               // VSS boolean
	Number             // VSS int8 to uint32, float, double
	Text               // VSS string, allowed values included
	List               // VSS array; its text is a JSON array
)

// Value is one datum of a signal: small, comparable with ==, copied freely.
// Its zero value is no value.
type Value struct {
	kind Type
	num  float64
	text string
}

// NumberOf is a numeric value, in the unit of its signal.
func NumberOf(v float64) Value { return Value{kind: Number, num: v} }

// BoolOf is a boolean value.
func BoolOf(v bool) Value {
	if v {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// TextOf is a string value.
func TextOf(v string) Value { return Value{kind: Text, text: v} }

// ListOf is an array value given as a JSON array.
func ListOf(json string) Value { return Value{kind: List, text: json} }

// Type says what the value holds.
func (v Value) Type() Type { return v.kind }

// Number is the numeric value; ok is false for any other type.
func (v Value) Number() (n float64, ok bool) { return v.num, v.kind == Number }

// Bool is the boolean value; ok is false for any other type.
func (v Value) Bool() (b, ok bool) { return v.num != 0, v.kind == Bool }

// Text is the string value, or a List's JSON; ok is false for any other type.
func (v Value) Text() (s string, ok bool) { return v.text, v.kind == Text || v.kind == List }

// String is the value for a person or a log: "12.5", "true", "AUTO", "none".
func (v Value) String() string {
	switch v.kind {
	case Bool:
		return strconv.FormatBool(v.num != 0)
	case Number:
		return strconv.FormatFloat(v.num, 'g', -1, 64)
	case Text, List:
		return v.text
	}
	return "none"
}
