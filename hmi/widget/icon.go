package widget

import (
	"fmt"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
)

// IconName names a drawing of the shell's own icon set.
type IconName string

// Icons.
const (
	IconHome         IconName = "home"
	IconDrive        IconName = "drive"
	IconClimate      IconName = "climate"
	IconCar          IconName = "car"
	IconSettings     IconName = "settings"
	IconBack         IconName = "back"
	IconPlus         IconName = "plus"
	IconMinus        IconName = "minus"
	IconCheck        IconName = "check"
	IconWarning      IconName = "warning"
	IconInfo         IconName = "info"
	IconFan          IconName = "fan"
	IconAC           IconName = "ac"
	IconRecirculate  IconName = "recirculate"
	IconSync         IconName = "sync"
	IconFrontDefrost IconName = "front-defrost"
	IconRearDefrost  IconName = "rear-defrost"
	IconSeat         IconName = "seat"
	IconWheel        IconName = "wheel"
	IconMirror       IconName = "mirror"
	IconWindscreen   IconName = "windscreen"
	IconAirUp        IconName = "air-up"
	IconAirMiddle    IconName = "air-middle"
	IconAirDown      IconName = "air-down"
	IconLock         IconName = "lock"
	IconUnlock       IconName = "unlock"
	IconBattery      IconName = "battery"
	IconBolt         IconName = "bolt"
	IconRoute        IconName = "route"
	IconCompass      IconName = "compass"
	IconPin          IconName = "pin"
	IconSun          IconName = "sun"
	IconMoon         IconName = "moon"
	IconMedia        IconName = "media"
	IconPhone        IconName = "phone"
	IconBell         IconName = "bell"
	IconMessage      IconName = "message"
	IconCall         IconName = "call"
	IconFile         IconName = "file"
	IconClipboard    IconName = "clipboard"
	IconPlay         IconName = "play"
	IconPause        IconName = "pause"
	IconNext         IconName = "next"
	IconPrevious     IconName = "previous"
	IconClose        IconName = "close"
	IconUp           IconName = "up"
	IconDown         IconName = "down"
	IconSend         IconName = "send"
	IconTake         IconName = "take"
	IconReturn       IconName = "return"
	IconPage         IconName = "page"
	IconDraft        IconName = "draft"
	IconMute         IconName = "mute"
	IconPerson       IconName = "person"
	IconLaptop       IconName = "laptop"
	IconSignal       IconName = "signal"
	IconQueue        IconName = "queue"
	IconSound        IconName = "sound"
	IconSilent       IconName = "silent"
	IconCommand      IconName = "command"
	IconPing         IconName = "ping"
)

// waves is three rising lines of warm air below x, from y up.
func waves(y float32, xs ...float32) string {
	var b strings.Builder
	for _, x := range xs {
		fmt.Fprintf(&b, "M%g %g c-4 -4 4 -6 0 -11 c-4 -4 4 -5 0 -9 ", x, y)
	}
	return b.String()
}

// path is an SVG path in the icon's stroke.
func path(d string) string { return `<path d="` + d + `"/>` }

// solid is an SVG path in the icon's colour, filled.
func solid(d string) string { return `<path fill="FILL" d="` + d + `"/>` }

// disc is a circle, filled if so asked.
func disc(x, y, r float32, filled bool) string {
	fill := ""
	if filled {
		fill = ` fill="FILL"`
	}
	return fmt.Sprintf(`<circle cx="%g" cy="%g" r="%g"%s/>`, x, y, r, fill)
}

const (
	glass     = "M5 15 C15 7 33 7 43 15 L37 32 C30 28 18 28 11 32 Z"
	rearGlass = "M9 9 H39 C41 9 42 10 42 12 V30 H6 V12 C6 10 7 9 9 9 Z"
	person    = "M13 19 V31 H24 V42"
	lens      = "M26 11 C40 11 43 18 43 24 C43 30 40 37 26 37 C29 30 29 18 26 11 Z"
	arcs      = "M8 11 C3 19 3 29 8 37 M40 11 C45 19 45 29 40 37"
	lowBeams  = "M22 15 L6 19 M21 24 L5 28 M22 33 L6 37"
	speaker   = "M6 18 H14 L26 9 V39 L14 30 H6 Z"
	rear      = "M13 25 V17 L17 8 H31 L35 17 V25 Z M13 17 H35"
	skids     = "M18 30 c-6 4 2 7 -4 12 M32 30 c-6 4 2 7 -4 12"
	tray      = "M6 18 H42 V38 H6 Z M12 18 V13 H18 V18 M30 18 V13 H36 V18"
)

// drawing is the inside of an icon's SVG on a 48 by 48 field, drawn for this
// project after what ISO 2575 asks the symbols to show.
func drawing(n IconName) string {
	switch n {
	case IconHome:
		return path("M7 23 L24 8 L41 23 M12 19 V40 H36 V19 M20 40 V29 H28 V40")
	case IconDrive:
		return path("M11 38 A19 19 0 1 1 37 38 M24 27 L33 17") + disc(24, 27, 3, true)
	case IconClimate:
		return path("M16 28 V12 a5 5 0 0 1 10 0 V28 a9 9 0 1 1 -10 0 Z M21 19 V33 M33 10 H41 M33 18 H41 M33 26 H38") + disc(21, 34, 3, true)
	case IconCar:
		return path("M7 37 V26 L13 13 C13 12 15 11 16 11 H32 C33 11 35 12 35 13 L41 26 V37 Z M7 26 H41 M9 37 V41 H14 V37 M34 37 V41 H39 V37 M13 32 H17 M31 32 H35")
	case IconSettings:
		return path("M7 13 H25 M35 13 H41 M7 24 H12 M22 24 H41 M7 35 H25 M35 35 H41") + disc(30, 13, 4.5, false) + disc(17, 24, 4.5, false) + disc(30, 35, 4.5, false)
	case IconBack:
		return path("M29 9 L14 24 L29 39")
	case IconPlus:
		return path("M24 10 V38 M10 24 H38")
	case IconMinus:
		return path("M10 24 H38")
	case IconCheck:
		return path("M9 25 L20 36 L40 13")
	case IconWarning:
		return path("M24 7 L44 40 H4 Z M24 19 V29") + disc(24, 34.5, 1, true)
	case IconInfo:
		return disc(24, 24, 18, false) + path("M24 22 V34") + disc(24, 15, 1, true)
	case IconFan:
		return path("M24 20 C17 17 16 6 24 6 C30 6 30 13 26.5 20.5 M28 24 C31 17 42 16 42 24 C42 30 35 30 27.5 26.5 M24 28 C31 31 32 42 24 42 C18 42 18 35 21.5 27.5 M20 24 C17 31 6 32 6 24 C6 18 13 18 20.5 21.5") + disc(24, 24, 3, true)
	case IconAC:
		return path("M24 6 V42 M8.4 15 L39.6 33 M8.4 33 L39.6 15 M19 8 L24 13 L29 8 M19 40 L24 35 L29 40 M8 22 L14 18 L13 11 M40 26 L34 30 L35 37 M8 26 L14 30 L13 37 M40 22 L34 18 L35 11")
	case IconRecirculate:
		return path("M9 25 C9 17 15 13 21 13 H38 M31 6 L38 13 L31 20 M39 23 C39 31 33 35 27 35 H10 M17 28 L10 35 L17 42")
	case IconSync:
		return path("M19 29 L29 19 M21 15 L26 10 C34 4 44 14 38 22 L33 27 M27 33 L22 38 C14 44 4 34 10 26 L15 21")
	case IconFrontDefrost:
		return path(glass + waves(43, 15, 24, 33))
	case IconRearDefrost:
		return path(rearGlass + waves(43, 15, 24, 33))
	case IconSeat:
		return path("M9 7 C8 17 11 28 14 34 H31 C35 34 35 41 31 41 H15 M9 7 C12 5 15 6 15 9 C15 16 17 22 19 27 H29" + waves(25, 26, 34, 42))
	case IconWheel:
		return disc(24, 24, 18, false) + disc(24, 25, 4.5, false) + path("M6.5 21 L19.5 24 M41.5 21 L28.5 24 M24 30 V42")
	case IconMirror:
		return path("M6 12 H32 C37 12 40 15 40 20 V27 C40 33 36 37 30 37 H15 C9 37 6 33 6 27 Z M40 24 H45" + waves(35, 16, 23, 30))
	case IconWindscreen:
		return path("M4 13 C15 6 33 6 44 13 L38 40 C30 36 18 36 10 40 Z" + waves(34, 17, 24, 31))
	case IconAirUp:
		return disc(13, 11, 4, false) + path(person+" M37 38 V12 M29 20 L37 12 L45 20")
	case IconAirMiddle:
		return disc(13, 11, 4, false) + path(person+" M44 15 H24 M32 7 L24 15 L32 23")
	case IconAirDown:
		return disc(13, 11, 4, false) + path(person+" M43 16 L31 37 M31 27 V37 L40 33")
	case IconLock:
		return path("M11 21 H37 V41 H11 Z M16 21 V14 C16 4 32 4 32 14 V21 M24 29 V34")
	case IconUnlock:
		return path("M11 21 H37 V41 H11 Z M16 21 V14 C16 5 29 3 32 11 M24 29 V34")
	case IconBattery:
		return path("M5 15 H38 V34 H5 Z M38 21 H43 V28 H38")
	case IconBolt:
		return path("M27 5 L11 27 H22 L20 43 L37 20 H25 Z")
	case IconRoute:
		return disc(11, 37, 4, false) + disc(37, 11, 4, false) + path("M15 37 H30 C40 37 40 25 30 25 H18 C8 25 8 11 18 11 H33")
	case IconCompass:
		return path("M24 5 L37 41 L24 33 L11 41 Z")
	case IconPin:
		return path("M24 43 C14 31 11 25 11 19 C11 11 17 6 24 6 C31 6 37 11 37 19 C37 25 34 31 24 43 Z") + disc(24, 19, 5, false)
	case IconSun:
		return disc(24, 24, 8, false) + path("M24 4 V9 M24 39 V44 M4 24 H9 M39 24 H44 M10 10 L13.5 13.5 M34.5 34.5 L38 38 M10 38 L13.5 34.5 M34.5 13.5 L38 10")
	case IconMoon:
		return path("M40 29 A17 17 0 1 1 19 8 A14 14 0 0 0 40 29 Z")
	}
	return phoneDrawing(n)
}

// phoneDrawing is the icons of phones and media.
func phoneDrawing(n IconName) string {
	const bell = "M24 6 C16 6 13 12 13 19 V27 L9 34 H39 L35 27 V19 C35 12 32 6 24 6 Z M20 39 C21 43 27 43 28 39"
	switch n {
	case IconMedia:
		return path("M18 36 V12 L38 8 V32 M18 19 L38 15") + disc(13.5, 36, 4.5, false) + disc(33.5, 32, 4.5, false)
	case IconPhone:
		return path("M15 5 H33 C35 5 36 6 36 8 V40 C36 42 35 43 33 43 H15 C13 43 12 42 12 40 V8 C12 6 13 5 15 5 Z M21 37 H27")
	case IconBell:
		return path(bell)
	case IconSound:
		return path(speaker + " M34 18 C37 21 37 27 34 30 M39 13 C45 19 45 29 39 35")
	case IconSilent:
		return path(speaker + " M34 19 L43 29 M43 19 L34 29")
	case IconCommand:
		return path("M6 9 H42 V39 H6 Z M13 19 L19 24 L13 29 M23 30 H33")
	case IconPing:
		return path("M17 17 C13 21 13 27 17 31 M11 11 C4 18 4 30 11 37 M31 17 C35 21 35 27 31 31 M37 11 C44 18 44 30 37 37") + disc(24, 24, 3, true)
	case IconMute:
		return path(bell + " M7 8 L41 41")
	case IconMessage:
		return path("M7 9 H41 V33 H22 L13 41 V33 H7 Z M15 18 H33 M15 25 H27")
	case IconCall:
		return path("M14 6 L20 15 L15 20 C18 26 22 30 28 33 L33 28 L42 34 C42 38 38 42 34 42 C20 41 7 28 6 14 C6 10 10 6 14 6 Z")
	case IconFile:
		return path("M12 5 H28 L38 15 V43 H12 Z M28 5 V15 H38")
	case IconClipboard:
		return path("M17 9 H11 V43 H37 V9 H31 M17 6 H31 V14 H17 Z M17 24 H31 M17 32 H27")
	case IconPlay:
		return solid("M15 9 L38 24 L15 39 Z")
	case IconPause:
		return solid("M14 10 H20 V38 H14 Z M28 10 H34 V38 H28 Z")
	case IconNext:
		return solid("M11 11 L30 24 L11 37 Z") + path("M36 11 V37")
	case IconPrevious:
		return solid("M37 11 L18 24 L37 37 Z") + path("M12 11 V37")
	case IconClose:
		return path("M12 12 L36 36 M36 12 L12 36")
	case IconUp:
		return path("M10 31 L24 17 L38 31")
	case IconDown:
		return path("M10 17 L24 31 L38 17")
	case IconSend:
		return path("M24 13 V5 H41 V43 H24 V35 M5 24 H29 M21 16 L29 24 L21 32")
	case IconTake:
		return path("M24 6 V29 M15 20 L24 29 L33 20 M8 31 V41 H40 V31")
	case IconReturn:
		return path("M20 10 L10 20 L20 30 M10 20 H30 C38 20 41 25 41 30 C41 36 37 40 30 40 H20")
	case IconPage:
		return disc(24, 24, 18, false) + path("M6 24 H42 M24 6 C15 14 15 34 24 42 C33 34 33 14 24 6")
	case IconDraft:
		return path("M8 40 L11 30 L33 8 L40 15 L18 37 Z M28 13 L35 20")
	case IconPerson:
		return disc(24, 15, 8, false) + path("M9 42 C9 31 15 28 24 28 C33 28 39 31 39 42")
	case IconLaptop:
		return path("M10 10 H38 V32 H10 Z M4 39 H44")
	case IconQueue:
		return path("M8 12 H40 M8 24 H40 M8 36 H26")
	case IconSignal:
		return path("M9 40 V33 M19 40 V26 M29 40 V18 M39 40 V9")
	}
	return telltaleDrawing(n)
}

// LampIcon is the icon of a telltale.
func LampIcon(t hmi.Telltale) IconName { return IconName(fmt.Sprintf("lamp-%d", int(t))) }

func telltaleDrawing(n IconName) string {
	for t := hmi.Telltale(0); t < hmi.Lamps; t++ {
		if LampIcon(t) == n {
			return lampDrawing(t)
		}
	}
	return path("M10 10 H38 V38 H10 Z")
}

func lampDrawing(t hmi.Telltale) string {
	switch t {
	case hmi.LampAirbag:
		return disc(15, 10, 5, true) + path("M11 20 L16 34 H29 L36 43") + disc(31, 20, 8, false)
	case hmi.LampBelt:
		return disc(24, 10, 5, true) + path("M11 43 V30 C11 17 37 17 37 30 V43 M16 22 L35 43")
	case hmi.LampParkingBrake:
		return disc(24, 24, 13, false) + path(arcs+" M20 32 V16.5 H25.5 A4.8 4.8 0 0 1 25.5 26 H20")
	case hmi.LampDoor:
		return path("M17 11 C17 5 31 5 31 11 V38 C31 43 17 43 17 38 Z M17 19 L5 28 M31 19 L43 28 M20 15 H28")
	case hmi.LampBatteryHot:
		return path("M20 25 V10 a4 4 0 0 1 8 0 V25 a8 8 0 1 1 -8 0 Z M24 18 V30 M33 11 H39 M33 18 H39 M3 37 c3 -4 6 4 9 0 M36 37 c3 -4 6 4 9 0") + disc(24, 31, 3, true)
	case hmi.LampSupply:
		return path(tray + " M11 28 H19 M29 28 H37 M33 24 V32")
	case hmi.LampABS:
		return disc(24, 24, 14, false) + path(arcs) + small("M14 29 L17 19 L20 29 M15.2 26 H18.8 M22.3 19 V29 H24.5 C27.5 29 27.5 24 24.5 24 H22.3 M22.3 19 H24.2 C26.6 19 26.6 24 24.2 24 M34 20.8 C32.6 18.3 29.4 19 29.4 21.5 C29.4 24.4 34 23.6 34 26.6 C34 29.2 30.4 29.8 29 27.3")
	case hmi.LampESC:
		return path(rear + skids)
	case hmi.LampESCOff:
		return path(rear) + small("M14 33 C10 33 10 43 14 43 C18 43 18 33 14 33 Z M22 43 V33 H28 M22 38 H27 M32 43 V33 H38 M32 38 H37")
	case hmi.LampTyre:
		return path("M12 8 C5 22 7 32 13 37 H35 C41 32 43 22 36 8 M14 37 V42 M21 37 V42 M27 37 V42 M34 37 V42 M24 12 V23") + disc(24, 29, 1.2, true)
	case hmi.LampChargeLow:
		return path("M5 15 H38 V34 H5 Z M38 21 H43 V28 H38") + solid("M9 19 H14 V30 H9 Z") + path("M25 19 V25") + disc(25, 30, 1, true)
	case hmi.LampBulb:
		return path("M18 35 H30 M20 41 H28 M18 30 C10 26 9 17 13 12 C18 5 30 5 35 12 C39 17 38 26 30 30 Z M24 12 V19") + disc(24, 24.5, 1.2, true)
	case hmi.LampLane:
		return path("M6 41 L15 8 M42 41 L33 8 M24 41 V34 M24 27 V21 M24 14 V8")
	case hmi.LampFogRear:
		return path("M22 11 C8 11 5 18 5 24 C5 30 8 37 22 37 C19 30 19 18 22 11 Z M27 15 H43 M27 24 H43 M27 33 H43 M35 8 c-5 5 5 10 0 16 c-5 6 5 11 0 16")
	case hmi.LampService:
		return path("M33 7 C25 5 18 12 21 20 L7 34 C4 38 10 44 14 41 L28 27 C36 30 43 23 41 15 L34 22 L27 20 L26 14 Z")
	case hmi.LampLeft:
		return solid("M5 24 L22 8 V17 H42 V31 H22 V40 Z")
	case hmi.LampRight:
		return solid("M43 24 L26 8 V17 H6 V31 H26 V40 Z")
	case hmi.LampLow:
		return path(lens + lowBeams)
	case hmi.LampParking:
		return path("M20 13 C10 13 10 35 20 35 Z M28 13 C38 13 38 35 28 35 Z M7 14 L3 11 M6 24 H2 M7 34 L3 37 M41 14 L45 11 M42 24 H46 M41 34 L45 37")
	case hmi.LampFogFront:
		return path(lens + lowBeams + " M14 8 c-5 6 5 11 0 16 c-5 6 5 11 0 16")
	case hmi.LampCruise:
		return path("M10 38 A19 19 0 1 1 38 38 M24 28 L16 17 M36 22 L43 27 L46 19") + disc(24, 28, 3, true)
	case hmi.LampHigh:
		return path(lens + " M22 14 H5 M21 24 H4 M22 34 H5")
	}
	return ""
}

// small is letters within an icon: a thinner stroke.
func small(d string) string { return `<path stroke-width="2.2" d="` + d + `"/>` }

// IconResource is an icon in a colour, as SVG. Its name is unique for the two,
// so that a painter may cache by it.
func IconResource(n IconName, c color.NRGBA) fyne.Resource {
	hex := fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	svg := `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 48 48">` +
		`<g fill="none" stroke="` + hex + `" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">` +
		strings.ReplaceAll(drawing(n), "FILL", hex) + `</g></svg>`
	return fyne.NewStaticResource(string(n)+hex[1:]+".svg", []byte(svg))
}

// Icon is a picture of an icon in a colour. Its colour is known to hmi/lint
// through the resource's name.
func Icon(n IconName, c color.NRGBA) *canvas.Image {
	im := canvas.NewImageFromResource(IconResource(n, c))
	im.FillMode = canvas.ImageFillContain
	return im
}

// setIcon changes an icon's picture if it is another.
func setIcon(im *canvas.Image, n IconName, c color.NRGBA) {
	r := IconResource(n, c)
	if im.Resource != nil && im.Resource.Name() == r.Name() {
		return
	}
	im.Resource = r
	im.Refresh()
}
