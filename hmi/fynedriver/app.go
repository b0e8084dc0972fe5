package fynedriver

import (
	"errors"
	"net/url"
	"sync"

	"fyne.io/fyne/v2"
)

// App is the fyne.App: what Fyne asks of the operating system, answered for a
// car. Links, notifications and cloud providers are not opened from here.
type App struct {
	d        *Driver
	settings *settings
	prefs    *preferences
	life     *lifecycle
	clip     clipboard
	icon     fyne.Resource
	cloud    fyne.CloudProvider
	onNotify func(*fyne.Notification)
}

func newApp(d *Driver) *App {
	a := &App{d: d, life: &lifecycle{}}
	a.settings = newSettings(d)
	a.prefs = newPreferences(d.cfg.Store, d.log)
	return a
}

// NewWindow is fyne.App's.
func (a *App) NewWindow(title string) fyne.Window { return a.d.CreateWindow(title) }

// OpenURL is fyne.App's; a head unit opens no links.
func (a *App) OpenURL(u *url.URL) error {
	return errors.New("open " + u.String() + ": not on this device")
}

// Icon is fyne.App's.
func (a *App) Icon() fyne.Resource { return a.icon }

// SetIcon is fyne.App's.
func (a *App) SetIcon(r fyne.Resource) { a.icon = r }

// Run is fyne.App's.
func (a *App) Run() { a.Driver().Run() }

// Quit is fyne.App's.
func (a *App) Quit() { a.d.Quit() }

// Driver is fyne.App's.
func (a *App) Driver() fyne.Driver { return bridge{a.d} }

// UniqueID is fyne.App's.
func (a *App) UniqueID() string { return a.d.cfg.ID }

// SendNotification is fyne.App's: it goes to the function of OnNotification.
func (a *App) SendNotification(n *fyne.Notification) {
	if a.onNotify != nil && n != nil {
		a.onNotify(n)
	}
}

// OnNotification sets who shows notifications.
func (a *App) OnNotification(f func(*fyne.Notification)) { a.onNotify = f }

// Settings is fyne.App's.
func (a *App) Settings() fyne.Settings { return a.settings }

// Preferences is fyne.App's.
func (a *App) Preferences() fyne.Preferences { return a.prefs }

// Storage is fyne.App's: a temporary folder; what is to last has its own place.
func (a *App) Storage() fyne.Storage { return a.d.base.Storage() }

// Lifecycle is fyne.App's.
func (a *App) Lifecycle() fyne.Lifecycle { return a.life }

// Metadata is fyne.App's.
func (a *App) Metadata() fyne.AppMetadata {
	return fyne.AppMetadata{ID: a.d.cfg.ID, Name: a.d.cfg.ID, Migrations: map[string]bool{"fyneDo": true}}
}

// CloudProvider is fyne.App's.
func (a *App) CloudProvider() fyne.CloudProvider { return a.cloud }

// SetCloudProvider is fyne.App's; the provider is remembered and not used.
func (a *App) SetCloudProvider(p fyne.CloudProvider) { a.cloud = p }

// Clipboard is fyne.App's: one text, inside this process.
func (a *App) Clipboard() fyne.Clipboard { return &a.clip }

type clipboard struct {
	mu   sync.Mutex
	text string
}

func (c *clipboard) Content() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

func (c *clipboard) SetContent(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = s
}

type lifecycle struct{ foreground, background, start, stop func() }

func (l *lifecycle) SetOnEnteredForeground(f func()) { l.foreground = f }
func (l *lifecycle) SetOnExitedForeground(f func())  { l.background = f }
func (l *lifecycle) SetOnStarted(f func())           { l.start = f }
func (l *lifecycle) SetOnStopped(f func())           { l.stop = f }

func (l *lifecycle) started() { call(l.start, l.foreground) }
func (l *lifecycle) stopped() { call(l.background, l.stop) }

func call(fs ...func()) {
	for _, f := range fs {
		if f != nil {
			f()
		}
	}
}

// device is a phone without a phone: touch, no keyboard, landscape.
type device struct{ d *Driver }

func (v *device) Orientation() fyne.DeviceOrientation {
	if s := v.d.cfg.Size; s.Y > s.X {
		return fyne.OrientationVertical
	}
	return fyne.OrientationHorizontalLeft
}
func (v *device) IsMobile() bool                           { return true }
func (v *device) IsBrowser() bool                          { return false }
func (v *device) HasKeyboard() bool                        { return false }
func (v *device) SystemScaleForWindow(fyne.Window) float32 { return v.d.cfg.Scale }
func (v *device) Locale() fyne.Locale                      { return fyne.Locale(v.d.cfg.Language) }
