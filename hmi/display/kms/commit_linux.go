package kms

import (
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// errDirect means that the driver cannot flip: the front buffer is painted.
var errDirect = errors.New("no page flips")

// setter points the panel at buffers, in the atomic or the old way.
type setter interface {
	// mode turns the route on, showing b.
	mode(r route, b *buffer) error
	// flip shows b at the next beat; an event tells when. The clips are what
	// changed in b since it was shown last.
	flip(r route, b *buffer, clips []image.Rectangle) error
}

// legacy sets modes the old way.
type legacy struct{ f *os.File }

func (l legacy) mode(r route, b *buffer) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	conns := []uint32{r.conn}
	c := crtcInfo{Connectors: ptr(&pin, conns), NumConnectors: 1, ID: r.crtc, FB: b.fb, Valid: 1, Mode: r.mode}
	err := ask(l.f, nrSetCrtc, &c)
	if err != nil {
		return fmt.Errorf("set mode %s on %s: %w", r.modeText, r.name, err)
	}
	return nil
}

func (l legacy) flip(r route, b *buffer, _ []image.Rectangle) error {
	f := flipInfo{Crtc: r.crtc, FB: b.fb, Flags: flagEvent}
	err := ask(l.f, nrPageFlip, &f)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return errDirect
	}
	if err != nil {
		return fmt.Errorf("flip on %s: %w", r.name, err)
	}
	return nil
}

// dirty tells the driver what was painted in the buffer that is shown. Panels
// that read it all the time need no telling: ENOSYS.
func dirty(f *os.File, b *buffer, clips []image.Rectangle) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	type clip struct{ X1, Y1, X2, Y2 uint16 }
	cs := make([]clip, len(clips))
	for i, c := range clips {
		cs[i] = clip{uint16(c.Min.X), uint16(c.Min.Y), uint16(c.Max.X), uint16(c.Max.Y)}
	}
	d := dirtyInfo{FB: b.fb, NumClips: uint32(len(cs)), Clips: ptr(&pin, cs)}
	err := ask(f, nrDirtyFB, &d)
	if err != nil && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("mark the painted part: %w", err)
	}
	return nil
}

// atomic sets modes the atomic way.
type atomic struct {
	f       *os.File
	plane   uint32
	props   map[string]uint32 // of the plane
	crtc    map[string]uint32
	conn    map[string]uint32
	clips   []int32    // what a damage blob is made of
	objs    [1]uint32  // of a flip's request, so that a flip allocates nothing
	counts  [1]uint32  //
	ids     [2]uint32  //
	values  [2]uint64  //
	request atomicInfo //
	blob    blobInfo   //
	pin     runtime.Pinner
}

// newAtomic looks up what the route needs.
func newAtomic(c *card, r route) (*atomic, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	a := &atomic{f: c.f, clips: make([]int32, 0, 4*32)}
	var err error
	if a.crtc, _, err = properties(c.f, r.crtc, objCrtc); err != nil {
		return nil, err
	}
	if a.conn, _, err = properties(c.f, r.conn, objConnector); err != nil {
		return nil, err
	}
	var n struct {
		IDs uint64
		Num uint32
		_   uint32
	}
	if err := ask(c.f, nrGetPlaneRes, &n); err != nil {
		return nil, fmt.Errorf("list planes: %w", err)
	}
	ids := make([]uint32, n.Num)
	n.IDs = ptr(&pin, ids)
	if err := ask(c.f, nrGetPlaneRes, &n); err != nil {
		return nil, fmt.Errorf("list planes: %w", err)
	}
	for _, id := range ids[:min(len(ids), int(n.Num))] {
		p := planeInfo{ID: id}
		if ask(c.f, nrGetPlane, &p) != nil || p.PossibleCrtcs&(1<<r.index) == 0 {
			continue
		}
		props, values, err := properties(c.f, id, objPlane)
		if err == nil && values["type"] == planePrimary {
			a.plane, a.props = id, props
			return a, nil
		}
	}
	return nil, errors.New("no primary plane")
}

// properties lists an object's properties by name, and their values.
func properties(f *os.File, obj, kind uint32) (ids map[string]uint32, values map[string]uint64, err error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	n := objProps{Object: obj, Kind: kind}
	if err := ask(f, nrObjProperties, &n); err != nil {
		return nil, nil, fmt.Errorf("count properties: %w", err)
	}
	props, vals := make([]uint32, n.Num), make([]uint64, n.Num)
	n.Props, n.Values = ptr(&pin, props), ptr(&pin, vals)
	if err := ask(f, nrObjProperties, &n); err != nil {
		return nil, nil, fmt.Errorf("list properties: %w", err)
	}
	ids, values = make(map[string]uint32), make(map[string]uint64)
	for i, id := range props[:min(len(props), int(n.Num))] {
		p := propInfo{ID: id}
		if ask(f, nrGetProperty, &p) == nil {
			name := unix.ByteSliceToString(p.Name[:])
			ids[name], values[name] = id, vals[i]
		}
	}
	return ids, values, nil
}

func (a *atomic) mode(r route, b *buffer) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	modes := []modeInfo{r.mode}
	blob := blobInfo{Data: ptr(&pin, modes), Length: 68}
	if err := ask(a.f, nrCreateBlob, &blob); err != nil {
		return fmt.Errorf("describe mode %s: %w", r.modeText, err)
	}
	defer ask(a.f, nrDestroyBlob, &blob.ID) // the commit keeps its own hold
	w, h := uint64(r.mode.HDisplay), uint64(r.mode.VDisplay)
	objs := []uint32{r.conn, r.crtc, a.plane}
	counts := []uint32{1, 2, 10}
	ids := []uint32{a.conn["CRTC_ID"], a.crtc["MODE_ID"], a.crtc["ACTIVE"]}
	values := []uint64{uint64(r.crtc), uint64(blob.ID), 1}
	for _, p := range []struct {
		name string
		v    uint64
	}{{"FB_ID", uint64(b.fb)}, {"CRTC_ID", uint64(r.crtc)}, {"SRC_X", 0}, {"SRC_Y", 0}, {"SRC_W", w << 16}, {"SRC_H", h << 16},
		{"CRTC_X", 0}, {"CRTC_Y", 0}, {"CRTC_W", w}, {"CRTC_H", h}} {
		ids, values = append(ids, a.props[p.name]), append(values, p.v)
	}
	req := atomicInfo{Flags: flagAllowModeset, NumObjs: 3, Objs: ptr(&pin, objs), Counts: ptr(&pin, counts), Props: ptr(&pin, ids), Values: ptr(&pin, values)}
	err := ask(a.f, nrAtomic, &req)
	if err != nil {
		return fmt.Errorf("set mode %s on %s: %w", r.modeText, r.name, err)
	}
	return nil
}

func (a *atomic) flip(r route, b *buffer, clips []image.Rectangle) error {
	defer a.pin.Unpin()
	a.objs[0], a.counts[0] = a.plane, 1
	a.ids[0], a.values[0] = a.props["FB_ID"], uint64(b.fb)
	a.blob.ID = 0
	if id, ok := a.props["FB_DAMAGE_CLIPS"]; ok && len(clips) > 0 {
		a.clips = a.clips[:0]
		for _, c := range clips {
			a.clips = append(a.clips, int32(c.Min.X), int32(c.Min.Y), int32(c.Max.X), int32(c.Max.Y))
		}
		a.blob = blobInfo{Data: ptr(&a.pin, a.clips), Length: uint32(4 * len(a.clips))}
		if ask(a.f, nrCreateBlob, &a.blob) == nil {
			a.ids[1], a.values[1], a.counts[0] = id, uint64(a.blob.ID), 2
		}
	}
	a.request = atomicInfo{Flags: flagEvent | flagNonblock, NumObjs: 1, Objs: ptr(&a.pin, a.objs[:]), Counts: ptr(&a.pin, a.counts[:]),
		Props: ptr(&a.pin, a.ids[:]), Values: ptr(&a.pin, a.values[:])}
	err := ask(a.f, nrAtomic, &a.request)
	if a.blob.ID != 0 {
		ask(a.f, nrDestroyBlob, &a.blob.ID) // the commit keeps its own hold
	}
	if err != nil {
		return fmt.Errorf("flip on %s: %w", r.name, err)
	}
	return nil
}
