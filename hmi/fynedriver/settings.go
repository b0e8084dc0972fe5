package fynedriver

import (
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// settings is fyne.Settings. The theme is set by SetTheme, day or night by
// Driver.SetVariant.
type settings struct {
	d *Driver

	mu        sync.Mutex // guards the rest
	theme     fyne.Theme
	variant   fyne.ThemeVariant
	listeners []func(fyne.Settings)
	channels  []chan fyne.Settings
}

func newSettings(d *Driver) *settings {
	return &settings{d: d, theme: theme.DefaultTheme(), variant: theme.VariantDark}
}

func (s *settings) Theme() fyne.Theme {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.theme
}

func (s *settings) ThemeVariant() fyne.ThemeVariant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.variant
}

func (s *settings) SetTheme(t fyne.Theme) {
	s.mu.Lock()
	if t == nil {
		t = theme.DefaultTheme()
	}
	s.theme = t
	s.mu.Unlock()
	s.apply()
}

// SetVariant switches between day (theme.VariantLight) and night
// (theme.VariantDark). It belongs to the goroutine of Run.
func (d *Driver) SetVariant(v fyne.ThemeVariant) {
	s := d.app.settings
	s.mu.Lock()
	same := s.variant == v
	s.variant = v
	s.mu.Unlock()
	if !same {
		s.apply()
	}
}

func (s *settings) Scale() float32       { return s.d.cfg.Scale }
func (s *settings) PrimaryColor() string { return theme.ColorBlue }
func (s *settings) BuildType() fyne.BuildType {
	return fyne.BuildRelease
}
func (s *settings) ShowAnimations() bool { return !s.d.cfg.ReducedMotion }

func (s *settings) AddListener(f func(fyne.Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, f)
}

func (s *settings) AddChangeListener(c chan fyne.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels = append(s.channels, c)
}

// apply makes every widget look at the theme again. Fyne keeps fonts, icons
// and text sizes in caches that only its own settings can reset, so the test
// app's are set along.
func (s *settings) apply() {
	s.mu.Lock()
	t, fs, cs := s.theme, append([]func(fyne.Settings){}, s.listeners...), append([]chan fyne.Settings{}, s.channels...)
	s.mu.Unlock()
	d := s.d
	d.base.Settings().SetTheme(t)
	if d.ruler != nil {
		d.ruler.Drop()
	}
	for _, w := range d.windows {
		w.painter.Drop()
		w.tint()
		for _, o := range w.canvas.trees() {
			applyTheme(o)
		}
		if k := w.canvas.keys; k != nil {
			k.style()
		}
	}
	for _, f := range fs {
		f(s)
	}
	for _, c := range cs {
		select { // a listener that does not listen must not stop the screen
		case c <- s:
		default:
		}
	}
	d.dirty = true
	d.Wake()
}

func applyTheme(o fyne.CanvasObject) {
	if o == nil {
		return
	}
	switch v := o.(type) {
	case fyne.Widget:
		r := test.WidgetRenderer(v)
		for _, c := range r.Objects() {
			applyTheme(c)
		}
		r.Layout(o.Size())
	case *fyne.Container:
		for _, c := range v.Objects {
			applyTheme(c)
		}
		if v.Layout != nil {
			v.Layout.Layout(v.Objects, v.Size())
		}
	}
	o.Refresh()
}
