package lang

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tandem/hmi"
)

// Format writes readings in a language and in the chosen units. What is not
// known is a Dash. Whole numbers from 0 to 999 are written once and kept, so
// that a changing speed allocates nothing. One goroutine uses it.
type Format struct {
	Words *Words
	Set   hmi.Settings
	whole [1000]string
}

// NewFormat is the format for settings, in their language.
func NewFormat(s hmi.Settings) *Format { return &Format{Words: For(s.Language), Set: s} }

// Conversions to the units that people know.
const (
	kmPerMile  = 1.609344
	kPaPerPSI  = 6.894757293
	kPaPerBar  = 100
	mPerKm     = 1000.0
	minuteSecs = 60
)

// Whole is a number without decimals.
func (f *Format) Whole(v float64) string {
	n := math.Round(v)
	if n >= 0 && n < float64(len(f.whole)) {
		i := int(n)
		if f.whole[i] == "" {
			f.whole[i] = strconv.Itoa(i)
		}
		return f.whole[i]
	}
	return f.Decimal(v, 0)
}

// Decimal is a number with so many decimals, in the language's signs.
func (f *Format) Decimal(v float64, decimals int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, frac, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && len(whole) > 4; i -= 3 {
		whole = whole[:i] + f.Words.Group + whole[i:]
	}
	if frac != "" {
		whole += f.Words.Decimal + frac
	}
	if v < 0 && strings.Trim(s, "0.") != "" {
		return "-" + whole // the face has no U+2212
	}
	return whole
}

// Miles reports whether distances are in miles.
func (f *Format) Miles() bool { return f.Set.Speed == "mph" }

// SpeedIn is a speed in km/h in the chosen unit.
func (f *Format) SpeedIn(kmh float64) float64 {
	if f.Miles() {
		return kmh / kmPerMile
	}
	return kmh
}

// Speed is a speed in km/h, without its unit and without a sign.
func (f *Format) Speed(r hmi.Num) string {
	if !r.OK {
		return Dash
	}
	return f.Whole(math.Abs(f.SpeedIn(r.Value)))
}

// SpeedUnit is the unit of Speed.
func (f *Format) SpeedUnit() string { return f.Set.Speed }

// Distance is a distance in m as kilometres or miles, without its unit.
func (f *Format) Distance(r hmi.Num, decimals int) string {
	if !r.OK {
		return Dash
	}
	v := r.Value / mPerKm
	if f.Miles() {
		v /= kmPerMile
	}
	if decimals == 0 {
		return f.Whole(v)
	}
	return f.Decimal(v, decimals)
}

// DistanceUnit is the unit of Distance.
func (f *Format) DistanceUnit() string {
	if f.Miles() {
		return "mi"
	}
	return "km"
}

// Temperature is a temperature in Celsius with the degree sign.
func (f *Format) Temperature(r hmi.Num, decimals int) string {
	if !r.OK {
		return Dash
	}
	v := r.Value
	if f.Set.Temperature == "F" {
		v = v*9/5 + 32
	}
	if decimals == 0 {
		v = math.Round(v) // halves away from zero, as every figure of the shell
	}
	return f.Decimal(v, decimals) + "°"
}

// Degrees is a temperature in Celsius in whole degrees, without any sign.
func (f *Format) Degrees(r hmi.Num) string {
	return strings.TrimSuffix(f.Temperature(r, 0), "°")
}

// TemperatureUnit is the unit of Temperature.
func (f *Format) TemperatureUnit() string { return "°" + f.Set.Temperature }

// Pressure is a pressure in kPa, without its unit.
func (f *Format) Pressure(r hmi.Num) string {
	if !r.OK {
		return Dash
	}
	switch f.Set.Pressure {
	case "bar":
		return f.Decimal(r.Value/kPaPerBar, 1)
	case "psi":
		return f.Whole(r.Value / kPaPerPSI)
	}
	return f.Whole(r.Value)
}

// PressureUnit is the unit of Pressure.
func (f *Format) PressureUnit() string { return f.Set.Pressure }

// Power is a power in kW, without its unit, with the sign of recuperation.
func (f *Format) Power(r hmi.Num) string {
	if !r.OK {
		return Dash
	}
	return f.Whole(r.Value)
}

// Heading is the direction of a course in degrees.
func (f *Format) Heading(r hmi.Num) string {
	if !r.OK {
		return Dash
	}
	d := math.Mod(math.Mod(r.Value, 360)+360, 360)
	return f.Words.Compass[int(math.Round(d/45))%8]
}

// Position is a place as degrees with the letters of the compass.
func (f *Format) Position(lat, lon hmi.Num) string {
	if !lat.OK || !lon.OK {
		return Dash
	}
	ns, ew := f.Words.Compass[0], f.Words.Compass[2]
	if lat.Value < 0 {
		ns = f.Words.Compass[4]
	}
	if lon.Value < 0 {
		ew = f.Words.Compass[6]
	}
	return f.Decimal(math.Abs(lat.Value), 3) + "° " + ns + "  " + f.Decimal(math.Abs(lon.Value), 3) + "° " + ew
}

// Duration is seconds as hours and minutes.
func (f *Format) Duration(r hmi.Num) string {
	if !r.OK || r.Value < 0 {
		return Dash
	}
	min := int(math.Ceil(r.Value / minuteSecs))
	if min < minuteSecs {
		return f.Whole(float64(min)) + "\u00a0min"
	}
	return f.Whole(float64(min/minuteSecs)) + "\u00a0h\u00a0" + f.Whole(float64(min%minuteSecs)) + "\u00a0min"
}

// Bytes is the size of a file in decimal units; less than nought, not known,
// is "".
func (f *Format) Bytes(n int64) string {
	switch {
	case n < 0:
		return ""
	case n < 1000:
		return f.Whole(float64(n)) + "\u00a0B"
	case n < 1_000_000:
		return f.Whole(float64(n)/1e3) + "\u00a0kB"
	case n < 100_000_000:
		return f.Decimal(float64(n)/1e6, 1) + "\u00a0MB"
	case n < 1_000_000_000:
		return f.Whole(float64(n)/1e6) + "\u00a0MB"
	}
	return f.Decimal(float64(n)/1e9, 1) + "\u00a0GB"
}

// Minutes is a time within a track or until something ends, as minutes and
// seconds, with hours from one hour on.
func (f *Format) Minutes(d time.Duration) string {
	s := int(max(0, d) / time.Second)
	two := func(n int) string {
		if n < 10 {
			return "0" + f.Whole(float64(n))
		}
		return f.Whole(float64(n))
	}
	if s >= 3600 {
		return f.Whole(float64(s/3600)) + ":" + two(s/60%60) + ":" + two(s%60)
	}
	return f.Whole(float64(s/60)) + ":" + two(s%60)
}

// Clock is the time of day; the zero time is a Dash.
func (f *Format) Clock(t time.Time) string {
	if t.IsZero() {
		return Dash
	}
	if f.Set.Clock != "12" {
		return t.Format("15:04")
	}
	half := f.Words.AM
	if t.Hour() >= 12 {
		half = f.Words.PM
	}
	return t.Format("3:04") + " " + half
}
