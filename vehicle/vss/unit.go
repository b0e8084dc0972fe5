package vss

// Unit is a unit of the catalogue. A value in it is value*Scale + Offset in the
// SI unit of its quantity (which for percent and counts is the bare number, and
// for angles the radian).
type Unit struct {
	Name     string // as VSS writes it
	Symbol   string // as people write it: "km/h", "°C"
	Quantity string // units of one quantity convert into each other
	Scale    float64
	Offset   float64
}

const degree = 3.141592653589793 / 180

var units = map[string]Unit{
	"A":          {"A", "A", "electric current", 1, 0},
	"Ah":         {"Ah", "Ah", "electric charge", 3600, 0},
	"Celsius":    {"Celsius", "°C", "temperature", 1, 273.15},
	"N":          {"N", "N", "force", 1, 0},
	"Nm":         {"Nm", "Nm", "torque", 1, 0},
	"Pa":         {"Pa", "Pa", "pressure", 1, 0},
	"V":          {"V", "V", "voltage", 1, 0},
	"W":          {"W", "W", "power", 1, 0},
	"bar":        {"bar", "bar", "pressure", 1e5, 0},
	"bpm":        {"bpm", "1/min", "frequency", 1. / 60, 0},
	"cm^3":       {"cm^3", "cm³", "volume", 1e-6, 0},
	"cpm":        {"cpm", "1/min", "frequency", 1. / 60, 0},
	"degrees":    {"degrees", "°", "angle", degree, 0},
	"degrees/s":  {"degrees/s", "°/s", "angular speed", degree, 0},
	"g/km":       {"g/km", "g/km", "mass per distance", 1e-6, 0},
	"g/s":        {"g/s", "g/s", "mass flow", 1e-3, 0},
	"h":          {"h", "h", "duration", 3600, 0},
	"inch":       {"inch", "in", "length", 0.0254, 0},
	"iso8601":    {"iso8601", "", "point in time", 1, 0},
	"kPa":        {"kPa", "kPa", "pressure", 1e3, 0},
	"kW":         {"kW", "kW", "power", 1e3, 0},
	"kWh":        {"kWh", "kWh", "energy", 3.6e6, 0},
	"kWh/100km":  {"kWh/100km", "kWh/100 km", "energy per distance", 36, 0},
	"kg":         {"kg", "kg", "mass", 1, 0},
	"km":         {"km", "km", "length", 1e3, 0},
	"km/h":       {"km/h", "km/h", "speed", 1 / 3.6, 0},
	"km/l":       {"km/l", "km/l", "distance per volume", 1e6, 0},
	"l":          {"l", "l", "volume", 1e-3, 0},
	"l/100km":    {"l/100km", "l/100 km", "volume per distance", 1e-8, 0},
	"m":          {"m", "m", "length", 1, 0},
	"m/s":        {"m/s", "m/s", "speed", 1, 0},
	"m/s^2":      {"m/s^2", "m/s²", "acceleration", 1, 0},
	"mm":         {"mm", "mm", "length", 1e-3, 0},
	"ms":         {"ms", "ms", "duration", 1e-3, 0},
	"percent":    {"percent", "%", "ratio", 1e-2, 0},
	"rad/s":      {"rad/s", "rad/s", "angular speed", 1, 0},
	"rpm":        {"rpm", "1/min", "angular speed", 2 * 180 * degree / 60, 0},
	"s":          {"s", "s", "duration", 1, 0},
	"unit":       {"unit", "", "count", 1, 0},
	"mph":        {"mph", "mph", "speed", 0.44704, 0},
	"mile":       {"mile", "mi", "length", 1609.344, 0},
	"Fahrenheit": {"Fahrenheit", "°F", "temperature", 5. / 9, 273.15 - 32*5./9},
	"psi":        {"psi", "psi", "pressure", 6894.757293168361, 0},
}

// LookupUnit finds a unit of the catalogue by its VSS name, or one of the few
// that people also ask for: "m/s", "mph", "mile", "Fahrenheit", "bar", "psi".
func LookupUnit(name string) (Unit, bool) {
	u, ok := units[name]
	return u, ok
}

// Convert turns a value of one unit into another of the same quantity; ok is
// false if there is no such unit or the quantities differ.
func Convert(v float64, from, to string) (out float64, ok bool) {
	f, okFrom := units[from]
	t, okTo := units[to]
	if !okFrom || !okTo || f.Quantity != t.Quantity {
		return 0, false
	}
	return (v*f.Scale + f.Offset - t.Offset) / t.Scale, true
}
