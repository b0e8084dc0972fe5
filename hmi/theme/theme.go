// Package theme holds the design tokens of the shell: spaces, radii, type
// scale, colours for day and night, motion, and the measures of each panel
// size. A Theme is also a Fyne theme, so that Fyne's own widgets match. The
// package does not know what is shown.
//
// Lengths are dp: 1 dp is about 0.175 mm on the panel, one pixel on a 10.1 inch
// 1280x720 display. A Panel's Scale turns dp into pixels.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	ftheme "fyne.io/fyne/v2/theme"
)

// Spaces, in dp, on an 8 dp grid with a 4 dp half step.
const (
	Space1 float32 = 4
	Space2 float32 = 8
	Space3 float32 = 12
	Space4 float32 = 16
	Space5 float32 = 24
	Space6 float32 = 32
	Space7 float32 = 48
	Space8 float32 = 64
)

// Corner radii, in dp.
const (
	RadiusCard   float32 = 24
	RadiusTile   float32 = 20
	RadiusButton float32 = 16
	RadiusSheet  float32 = 32
)

// Least sizes, in dp: what a finger hits while the car moves, and what an eye
// reads at arm's length.
const (
	TargetMin    float32 = 76 // either side of anything that can be touched
	TargetGap    float32 = 8  // between two targets
	TextMin      float32 = 24 // anything that decides something
	TextStatus   float32 = 20 // captions of the status bar only
	StringMax            = 120
	ContrastMin          = 4.5
	IconPrimary  float32 = 44
	IconSecond   float32 = 36
	IconTertiary float32 = 24
)

// Theme is the tokens of one look: a palette on a panel.
type Theme struct {
	Palette
	Panel Panel
	Motion
}

// New is the theme for a panel by day or by night.
func New(p Panel, night bool) *Theme {
	t := &Theme{Palette: Day(), Panel: p, Motion: DefaultMotion()}
	if night {
		t.Palette = Night()
	}
	return t
}

var _ fyne.Theme = (*Theme)(nil)

// Variant is the Fyne variant that the palette belongs to.
func (t *Theme) Variant() fyne.ThemeVariant {
	if t.IsNight {
		return ftheme.VariantDark
	}
	return ftheme.VariantLight
}

// Color gives Fyne's widgets the palette. The variant argument is ignored: a
// Theme is one look, and the shell, not the desktop, decides day or night.
func (t *Theme) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch n {
	case ftheme.ColorNameBackground:
		return t.Background
	case ftheme.ColorNameForeground:
		return t.Text
	case ftheme.ColorNamePrimary:
		return t.AccentFill
	case ftheme.ColorNameHyperlink, ftheme.ColorNameFocus:
		return t.Accent
	case ftheme.ColorNameForegroundOnPrimary:
		return t.OnAccent
	case ftheme.ColorNameButton, ftheme.ColorNameInputBackground:
		return t.Surface2
	case ftheme.ColorNameDisabledButton, ftheme.ColorNameOverlayBackground, ftheme.ColorNameMenuBackground, ftheme.ColorNameHeaderBackground:
		return t.Surface1
	case ftheme.ColorNamePressed, ftheme.ColorNameHover, ftheme.ColorNameSelection, ftheme.ColorNameSeparator, ftheme.ColorNameInputBorder:
		return t.Surface3
	case ftheme.ColorNameDisabled, ftheme.ColorNamePlaceHolder, ftheme.ColorNameScrollBar:
		return t.TextDisabled
	case ftheme.ColorNameError:
		return t.Critical
	case ftheme.ColorNameWarning:
		return t.Warning
	case ftheme.ColorNameSuccess:
		return t.OK
	}
	return ftheme.DefaultTheme().Color(n, t.Variant())
}

// Font is the face for Fyne's widgets.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource { return ftheme.DefaultTheme().Font(s) }

// Icon is Fyne's own icon set; the shell's icons are in hmi/widget.
func (t *Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return ftheme.DefaultTheme().Icon(n) }

// Size gives Fyne's widgets sizes that a finger can hit.
func (t *Theme) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case ftheme.SizeNameText, ftheme.SizeNameSubHeadingText:
		return TextMin
	case ftheme.SizeNameHeadingText:
		return t.Panel.Type.Title.Size
	case ftheme.SizeNameCaptionText:
		return TextStatus
	case ftheme.SizeNamePadding:
		return Space2
	case ftheme.SizeNameInnerPadding:
		return Space5
	case ftheme.SizeNameInlineIcon:
		return IconTertiary
	case ftheme.SizeNameScrollBar:
		return Space3
	case ftheme.SizeNameScrollBarSmall:
		return Space1
	case ftheme.SizeNameSelectionRadius, ftheme.SizeNameInputRadius:
		return RadiusButton
	}
	return ftheme.DefaultTheme().Size(n)
}
