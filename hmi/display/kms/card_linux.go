package kms

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// card is an open DRM device.
type card struct {
	f      *os.File
	driver string
	atomic bool
	crtcs  []uint32
	conns  []uint32
	cfg    Config
}

// route is what a picture takes to a panel.
type route struct {
	conn     uint32
	name     string // such as HDMI-A-1
	crtc     uint32
	index    int // of the crtc
	mode     modeInfo
	modeText string
}

// size is the mode's.
func (r route) size() image.Point { return image.Pt(int(r.mode.HDisplay), int(r.mode.VDisplay)) }

// hz is the mode's exact refresh rate.
func hz(m modeInfo) float64 {
	if m.HTotal == 0 || m.VTotal == 0 {
		return float64(m.VRefresh)
	}
	return float64(m.Clock) * 1000 / (float64(m.HTotal) * float64(m.VTotal))
}

// errNoPanel means that the device has no connected connector as wanted.
var errNoPanel = errors.New("no connected panel")

// openCard opens the first device that leads to a panel.
func openCard(cfg Config) (*card, route, error) {
	paths := []string{cfg.Card}
	if cfg.Card == "" {
		paths, _ = filepath.Glob(filepath.Join(cfg.Dir, "card[0-9]*")) // the pattern is good
		if len(paths) == 0 {
			return nil, route{}, fmt.Errorf("no DRM device: %s is empty; load a display driver or use --display web", cfg.Dir)
		}
	}
	var errs []error
	for _, p := range paths {
		c, err := newCard(p, cfg)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r, err := c.route(true)
		if err == nil {
			return c, r, nil
		}
		c.f.Close()
		errs = append(errs, fmt.Errorf("%s (%s): %w", p, c.driver, err))
	}
	return nil, route{}, fmt.Errorf("open DRM device: %w; try another --card or --size, or use --display web", errors.Join(errs...))
}

func newCard(path string, cfg Config) (*card, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no such device: %s", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; run as a user of the group video", err)
	case err != nil:
		return nil, err
	}
	c := &card{f: f, cfg: cfg}
	if err := c.query(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// query learns what the device can do.
func (c *card) query() error {
	var pin runtime.Pinner
	defer pin.Unpin()
	name := make([]byte, 64)
	v := versionInfo{NameLen: uint64(len(name)), Name: ptr(&pin, name)}
	if err := ask(c.f, nrVersion, &v); err != nil {
		return fmt.Errorf("not a DRM device: %w", err)
	}
	c.driver = string(name[:min(int(v.NameLen), len(name))])
	dumb := [2]uint64{capDumb}
	if err := ask(c.f, nrGetCap, &dumb); err != nil || dumb[1] == 0 {
		return errors.New("the driver has no dumb buffers")
	}
	universal, atomic := [2]uint64{clientUniversal, 1}, [2]uint64{clientAtomic, 1}
	c.atomic = !c.cfg.Legacy && ask(c.f, nrSetClientCap, &universal) == nil && ask(c.f, nrSetClientCap, &atomic) == nil
	var n resources
	if err := ask(c.f, nrGetResources, &n); err != nil {
		return fmt.Errorf("the device drives no panel: %w", err)
	}
	c.crtcs, c.conns = make([]uint32, n.NumCrtcs), make([]uint32, n.NumConnectors)
	r := resources{Crtcs: ptr(&pin, c.crtcs), Connectors: ptr(&pin, c.conns), NumCrtcs: n.NumCrtcs, NumConnectors: n.NumConnectors}
	if err := ask(c.f, nrGetResources, &r); err != nil {
		return fmt.Errorf("list connectors: %w", err)
	}
	c.crtcs = c.crtcs[:min(len(c.crtcs), int(r.NumCrtcs))]
	c.conns = c.conns[:min(len(c.conns), int(r.NumConnectors))]
	return nil
}

// Connector types of drm_mode.h.
var connectorNames = [...]string{"Unknown", "VGA", "DVI-I", "DVI-D", "DVI-A", "Composite", "SVIDEO", "LVDS", "Component", "DIN", "DP",
	"HDMI-A", "HDMI-B", "TV", "eDP", "Virtual", "DSI", "DPI", "Writeback", "SPI", "USB"}

// route finds a connected panel and its mode. With probe the driver asks the
// panel anew, which may take long; else what it knows counts.
func (c *card) route(probe bool) (route, error) {
	var seen []string
	for _, id := range c.conns {
		info, modes, encoders, err := c.connector(id, probe)
		if err != nil {
			continue
		}
		name := fmt.Sprintf("%s-%d", connectorNames[min(int(info.Type), len(connectorNames)-1)], info.TypeID)
		if c.cfg.Connector != "" && c.cfg.Connector != name {
			seen = append(seen, name)
			continue
		}
		if info.Connected != connected || len(modes) == 0 {
			seen = append(seen, name+" disconnected")
			continue
		}
		r := route{conn: id, name: name}
		if r.mode, err = pickMode(modes, c.cfg.Size, c.cfg.Refresh); err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		r.modeText = fmt.Sprintf("%dx%d@%.2f", r.mode.HDisplay, r.mode.VDisplay, hz(r.mode))
		if r.crtc, r.index, err = c.crtcFor(info, encoders); err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		return r, nil
	}
	return route{}, fmt.Errorf("%w: %s", errNoPanel, strings.Join(seen, ", "))
}

func (c *card) connector(id uint32, probe bool) (connectorInfo, []modeInfo, []uint32, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	n := connectorInfo{ID: id}
	scratch := make([]modeInfo, 1)
	if !probe { // asking for modes at once means: no probe
		n.NumModes, n.Modes = 1, ptr(&pin, scratch)
	}
	if err := ask(c.f, nrGetConnector, &n); err != nil {
		return n, nil, nil, err
	}
	modes, encoders := make([]modeInfo, max(1, n.NumModes)), make([]uint32, n.NumEncoders)
	r := connectorInfo{ID: id, NumModes: uint32(len(modes)), Modes: ptr(&pin, modes), NumEncoders: n.NumEncoders, Encoders: ptr(&pin, encoders)}
	if err := ask(c.f, nrGetConnector, &r); err != nil {
		return r, nil, nil, err
	}
	return r, modes[:min(len(modes), int(r.NumModes))], encoders[:min(len(encoders), int(r.NumEncoders))], nil
}

// pickMode is the wanted mode: of that size, nearest to that rate; without a
// size the panel's preferred one, else its first.
func pickMode(modes []modeInfo, size image.Point, rate float64) (modeInfo, error) {
	best, score := -1, math.Inf(1)
	var sizes []string
	for i, m := range modes {
		s := fmt.Sprintf("%dx%d", m.HDisplay, m.VDisplay)
		if !strings.Contains(strings.Join(sizes, " ")+" ", s+" ") {
			sizes = append(sizes, s)
		}
		if size != (image.Point{}) && size != image.Pt(int(m.HDisplay), int(m.VDisplay)) {
			continue
		}
		v := float64(i)
		switch {
		case rate > 0:
			v = math.Abs(hz(m) - rate)
		case m.Type&typePreferred != 0:
			v = -1e6
		case size != (image.Point{}):
			v = -hz(m)
		}
		if v < score {
			best, score = i, v
		}
	}
	if best < 0 {
		return modeInfo{}, fmt.Errorf("no mode of %dx%d; the panel has %s", size.X, size.Y, strings.Join(sizes, ", "))
	}
	return modes[best], nil
}

// crtcFor is the crtc that feeds the connector already, else one that can.
func (c *card) crtcFor(info connectorInfo, encoders []uint32) (id uint32, index int, err error) {
	if e := (encoderInfo{ID: info.Encoder}); info.Encoder != 0 && ask(c.f, nrGetEncoder, &e) == nil && e.Crtc != 0 {
		for i, id := range c.crtcs {
			if id == e.Crtc {
				return id, i, nil
			}
		}
	}
	for _, enc := range encoders {
		e := encoderInfo{ID: enc}
		if ask(c.f, nrGetEncoder, &e) != nil {
			continue
		}
		for i, id := range c.crtcs {
			if e.PossibleCrtcs&(1<<i) != 0 {
				return id, i, nil
			}
		}
	}
	return 0, 0, errors.New("nothing feeds this connector")
}

// beats reports whether the crtc has a beat of its own. Virtual devices have
// none: their flips are done at once.
func (c *card) beats(index int) bool {
	v := vblankInfo{Type: vblankRelative | uint32(index)<<1&0x3e}
	return ask(c.f, nrWaitVblank, &v) == nil
}

// master takes or drops the right to set modes; without it somebody else has it.
func (c *card) master(take bool) error {
	nr := uintptr(nrDropMaster)
	if take {
		nr = nrSetMaster
	}
	return ioctl(c.f, 'd'<<8|nr, unsafe.Pointer(nil))
}
