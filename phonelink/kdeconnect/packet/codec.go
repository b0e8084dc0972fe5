package packet

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// MaxRest is how many fields of one object may be unknown, but in the two types
// that name a field for each contact.
const MaxRest = 256

// Rest is what an object had that its type does not name, and named fields that
// were sent as null, false, 0 or empty: encoding gives back what came. A value
// set since then wins over what is here.
type Rest map[string]json.RawMessage

// ErrUnknownType is a packet of a type without a body here.
var ErrUnknownType = errors.New("packet: type is not known")

// Decode is the typed body of the packet: a pointer to one of the structs of
// this package, *Battery for kdeconnect.battery. The error names the field.
func Decode(p Packet) (any, error) {
	pl, ok := byName[p.Type]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownType, clip([]byte(p.Type)))
	}
	v := reflect.New(pl.typ)
	if err := pl.decode(p.Body, v.Elem()); err != nil {
		return nil, fmt.Errorf("packet: %s: %w", p.Type, err)
	}
	if c, ok := v.Interface().(checker); ok {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("packet: %s: %w", p.Type, err)
		}
	}
	return v.Interface(), nil
}

// Encode is the packet with this typed body: a pointer to one of the structs of
// this package, or the struct. What Decode would refuse is refused here.
func Encode(body any) (Packet, error) {
	v := reflect.ValueOf(body)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() || byType[v.Type()] == nil {
		return Packet{}, fmt.Errorf("packet: %T is not the body of a packet", body)
	}
	pl := byType[v.Type()]
	if c, ok := body.(checker); ok {
		if err := c.check(); err != nil {
			return Packet{}, fmt.Errorf("packet: %s: %w", pl.name, err)
		}
	}
	raw, err := pl.encode(v)
	if err != nil {
		return Packet{}, fmt.Errorf("packet: %s: %w", pl.name, err)
	}
	return Packet{Type: pl.name, Body: raw}, nil
}

// Types is every type that Decode knows, in no order.
func Types() []string {
	var out []string
	for name := range byName {
		out = append(out, name)
	}
	return out
}

// checker is a body with a rule that a tag cannot say.
type checker interface{ check() error }

// plan is how one struct is read and written. A field's tag is
// kde:"name,max=N,each=N,min=N,enum=a|b,required": max bounds a string in
// bytes, a list or map in entries, a number in value; each bounds the strings
// of a list and the names of a map.
type plan struct {
	name   string // of the packet; "" for a struct within one
	typ    reflect.Type
	fields []field
	named  map[string]bool
	rest   int // index of the Rest field
	most   int // fields that may stand in Rest: MaxRest, or what its tag says
}

type field struct {
	name     string
	index    int
	min, max float64
	each     int
	enum     []string
	required bool
	of       *plan // of a list's or map's structs
}

// planOf reads the tags; a mistake in one is a mistake in this package.
func planOf(name string, t reflect.Type) *plan {
	pl := &plan{name: name, typ: t, rest: -1, most: MaxRest, named: map[string]bool{}}
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Type == reflect.TypeFor[Rest]() {
			pl.rest = i
			if most, err := strconv.Atoi(sf.Tag.Get("kde")); err == nil {
				pl.most = most
			}
			continue
		}
		f := field{index: i, min: -1 << 53, max: 1 << 53}
		for n, part := range strings.Split(sf.Tag.Get("kde"), ",") {
			f.option(n, part)
		}
		if et := sf.Type; et.Kind() == reflect.Slice || et.Kind() == reflect.Map {
			if et.Elem().Kind() == reflect.Struct {
				f.of = planOf("", et.Elem())
			}
		}
		pl.named[f.name] = true
		pl.fields = append(pl.fields, f)
	}
	if pl.rest < 0 {
		panic("internal error: " + t.Name() + " has no Rest")
	}
	return pl
}

func (f *field) option(n int, part string) {
	key, val, _ := strings.Cut(part, "=")
	num, err := strconv.ParseFloat(val, 64)
	switch {
	case n == 0:
		f.name, err = key, nil
	case key == "required":
		f.required, err = true, nil
	case key == "enum":
		f.enum, err = strings.Split(val, "|"), nil
	case key == "min":
		f.min = num
	case key == "max":
		f.max = num
	case key == "each":
		f.each = int(num)
	default:
		err = errors.New("no such option")
	}
	if err != nil {
		panic("internal error: tag " + part + ": " + err.Error())
	}
}

// object reads the fields of a JSON object by their exact names.
func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if len(raw) == 0 || raw[0] != '{' {
		return nil, fmt.Errorf("%s is not an object", clip(raw))
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("%s is not an object", clip(raw))
	}
	return fields, nil
}

func (pl *plan) decode(raw json.RawMessage, v reflect.Value) error {
	fields, err := object(raw)
	if err != nil {
		return err
	}
	rest := Rest{}
	for i := range pl.fields {
		f := &pl.fields[i]
		raw, ok := fields[f.name]
		if !ok || isNull(raw) {
			if f.required {
				return at(f.name, errMissing)
			}
			if ok {
				rest[f.name] = raw
			}
			continue
		}
		fv := v.Field(f.index)
		if err := f.decode(raw, fv); err != nil {
			return at(f.name, err)
		}
		if empty(fv) {
			rest[f.name] = raw
		}
	}
	for name, raw := range fields {
		if !pl.named[name] {
			rest[name] = raw
		}
	}
	if len(rest) > pl.most+len(pl.fields) {
		return fmt.Errorf("has %d fields that nobody knows, want at most %d", len(rest), pl.most)
	}
	if len(rest) > 0 {
		v.Field(pl.rest).Set(reflect.ValueOf(rest))
	}
	return nil
}

// empty reports whether encoding would leave the value out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

var errMissing = errors.New("missing")

// fieldError puts the path of a field in front of what is wrong with it.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string {
	if e.err == errMissing {
		return "field " + e.path + " is missing"
	}
	return "field " + e.path + ": " + e.err.Error()
}

func (e *fieldError) Unwrap() error { return e.err }

// at extends the path of an error by the object or list that it happened in.
func at(name string, err error) error {
	var fe *fieldError
	if errors.As(err, &fe) {
		sep := "."
		if strings.HasPrefix(fe.path, "[") {
			sep = ""
		}
		return &fieldError{name + sep + fe.path, fe.err}
	}
	return &fieldError{name, err}
}

func (f *field) decode(raw json.RawMessage, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return f.decode(raw, v.Elem())
	case reflect.Slice:
		return f.decodeList(raw, v)
	case reflect.Map:
		return f.decodeMap(raw, v)
	}
	return f.scalar(raw, v)
}

func (f *field) scalar(raw json.RawMessage, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		s, err := text(raw)
		if err != nil {
			return err
		}
		v.SetString(s)
	case reflect.Bool:
		switch string(raw) {
		case "true":
			v.SetBool(true)
		case "false":
		default:
			return fmt.Errorf("%s is not true or false", clip(raw))
		}
	case reflect.Int64, reflect.Int:
		n, ok := integer(raw)
		if !ok {
			return fmt.Errorf("%s is not a whole number", clip(raw))
		}
		v.SetInt(n)
	case reflect.Float64:
		n, ok := number(raw)
		if !ok {
			return fmt.Errorf("%s is not a number", clip(raw))
		}
		v.SetFloat(n)
	default:
		panic("internal error: field " + f.name + " is of kind " + v.Kind().String())
	}
	return f.check(v)
}

func text(raw json.RawMessage) (string, error) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%s is not a string", clip(raw))
	}
	return s, nil
}

// check holds a value against its limits, on the way in and out.
func (f *field) check(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		if n := v.Len(); float64(n) > f.max {
			return fmt.Errorf("has %d bytes, want at most %.0f", n, f.max)
		}
		if f.enum != nil {
			for _, e := range f.enum {
				if e == v.String() {
					return nil
				}
			}
			return fmt.Errorf("%s is not one of %s", clip([]byte(v.String())), strings.Join(f.enum, ", "))
		}
	case reflect.Int64, reflect.Int:
		return f.within(float64(v.Int()))
	case reflect.Float64:
		return f.within(v.Float())
	}
	return nil
}

func (f *field) within(n float64) error {
	if math.IsNaN(n) || n < f.min || n > f.max {
		return fmt.Errorf("%v is not from %v to %v", n, f.min, f.max)
	}
	return nil
}

func (f *field) decodeList(raw json.RawMessage, v reflect.Value) error {
	var raws []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &raws) != nil {
		return fmt.Errorf("%s is not a list", clip(raw))
	}
	if float64(len(raws)) > f.max {
		return fmt.Errorf("has %d entries, want at most %.0f", len(raws), f.max)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(raws), len(raws)))
	for i, raw := range raws {
		if err := f.element(raw, v.Index(i)); err != nil {
			return at("["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

func (f *field) decodeMap(raw json.RawMessage, v reflect.Value) error {
	raws, err := object(raw)
	if err != nil {
		return err
	}
	if float64(len(raws)) > f.max {
		return fmt.Errorf("has %d entries, want at most %.0f", len(raws), f.max)
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(raws)))
	for name, raw := range raws {
		if len(name) > f.each {
			return fmt.Errorf("name %s has %d bytes, want at most %d", clip([]byte(name)), len(name), f.each)
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := f.element(raw, e); err != nil {
			return at(name, err)
		}
		v.SetMapIndex(reflect.ValueOf(name), e)
	}
	return nil
}

func (f *field) element(raw json.RawMessage, v reflect.Value) error {
	if f.of != nil {
		return f.of.decode(raw, v)
	}
	return (&field{name: f.name, max: float64(f.each)}).scalar(raw, v)
}

func (pl *plan) encode(v reflect.Value) (json.RawMessage, error) {
	rest := v.Field(pl.rest).Interface().(Rest)
	out := make(map[string]json.RawMessage, len(rest)+len(pl.fields))
	for name, raw := range rest {
		out[name] = raw
	}
	for i := range pl.fields {
		f := &pl.fields[i]
		fv := v.Field(f.index)
		if empty(fv) && (!f.required || out[f.name] != nil) {
			continue
		}
		raw, err := f.encode(fv)
		if err != nil {
			return nil, at(f.name, err)
		}
		out[f.name] = raw
	}
	return marshal(out)
}

func (f *field) encode(v reflect.Value) (json.RawMessage, error) {
	switch v.Kind() {
	case reflect.Pointer:
		return f.encode(v.Elem())
	case reflect.Slice:
		if float64(v.Len()) > f.max {
			return nil, fmt.Errorf("has %d entries, want at most %.0f", v.Len(), f.max)
		}
		out := make([]json.RawMessage, v.Len())
		for i := range out {
			raw, err := f.encodeElement(v.Index(i))
			if err != nil {
				return nil, at("["+strconv.Itoa(i)+"]", err)
			}
			out[i] = raw
		}
		return marshal(out)
	case reflect.Map:
		if float64(v.Len()) > f.max {
			return nil, fmt.Errorf("has %d entries, want at most %.0f", v.Len(), f.max)
		}
		out := make(map[string]json.RawMessage, v.Len())
		for it := v.MapRange(); it.Next(); {
			raw, err := f.encodeElement(it.Value())
			if err != nil {
				return nil, at(it.Key().String(), err)
			}
			out[it.Key().String()] = raw
		}
		return marshal(out)
	}
	if err := f.check(v); err != nil {
		return nil, err
	}
	return marshal(v.Interface())
}

func (f *field) encodeElement(v reflect.Value) (json.RawMessage, error) {
	if f.of != nil {
		return f.of.encode(v)
	}
	return (&field{name: f.name, max: float64(f.each)}).encode(v)
}
