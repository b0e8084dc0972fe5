package kms

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of the kernel's drm.h and drm_mode.h.
const (
	nrVersion        = 0x00
	nrGetCap         = 0x0c
	nrSetClientCap   = 0x0d
	nrSetMaster      = 0x1e
	nrDropMaster     = 0x1f
	nrWaitVblank     = 0x3a
	nrGetResources   = 0xa0
	nrGetCrtc        = 0xa1
	nrSetCrtc        = 0xa2
	nrGetEncoder     = 0xa6
	nrGetConnector   = 0xa7
	nrGetProperty    = 0xaa
	nrAddFB          = 0xae
	nrRmFB           = 0xaf
	nrPageFlip       = 0xb0
	nrDirtyFB        = 0xb1
	nrCreateDumb     = 0xb2
	nrMapDumb        = 0xb3
	nrDestroyDumb    = 0xb4
	nrGetPlaneRes    = 0xb5
	nrGetPlane       = 0xb6
	nrObjProperties  = 0xb9
	nrAtomic         = 0xbc
	nrCreateBlob     = 0xbd
	nrDestroyBlob    = 0xbe
	capDumb          = 1
	clientUniversal  = 2
	clientAtomic     = 3
	objCrtc          = 0xcccccccc
	objConnector     = 0xc0c0c0c0
	objPlane         = 0xeeeeeeee
	flagEvent        = 0x001 // page flip and atomic
	flagNonblock     = 0x200
	flagAllowModeset = 0x400
	typePreferred    = 1 << 3
	connected        = 1
	planePrimary     = 1
	eventFlip        = 2
	vblankRelative   = 1
)

type modeInfo struct {
	Clock                                         uint32 // kHz
	HDisplay, HSyncStart, HSyncEnd, HTotal, HSkew uint16
	VDisplay, VSyncStart, VSyncEnd, VTotal, VScan uint16
	VRefresh, Flags, Type                         uint32
	Name                                          [32]byte
}

type resources struct {
	FBs, Crtcs, Connectors, Encoders         uint64
	NumFBs, NumCrtcs, NumConnectors, NumEncs uint32
	MinW, MaxW, MinH, MaxH                   uint32
}

type connectorInfo struct {
	Encoders, Modes, Props, PropValues   uint64
	NumModes, NumProps, NumEncoders      uint32
	Encoder, ID, Type, TypeID, Connected uint32
	WidthMM, HeightMM, Subpixel, _       uint32
}

type encoderInfo struct{ ID, Type, Crtc, PossibleCrtcs, PossibleClones uint32 }

type crtcInfo struct {
	Connectors                                uint64
	NumConnectors, ID, FB, X, Y, Gamma, Valid uint32
	Mode                                      modeInfo
}

type fbInfo struct{ ID, W, H, Pitch, BPP, Depth, Handle uint32 }

type dumbInfo struct {
	H, W, BPP, Flags, Handle, Pitch uint32
	Size                            uint64
}

type mapInfo struct {
	Handle, _ uint32
	Offset    uint64
}

type flipInfo struct {
	Crtc, FB, Flags, _ uint32
	User               uint64
}

type dirtyInfo struct {
	FB, Flags, Color, NumClips uint32
	Clips                      uint64
}

type planeInfo struct {
	ID, Crtc, FB, PossibleCrtcs, Gamma, NumFormats uint32
	Formats                                        uint64
}

type objProps struct {
	Props, Values     uint64
	Num, Object, Kind uint32
	_                 uint32
}

type propInfo struct {
	Values, Enums uint64
	ID, Flags     uint32
	Name          [32]byte
	NumV, NumE    uint32
}

type atomicInfo struct {
	Flags, NumObjs                       uint32
	Objs, Counts, Props, Values, _, User uint64
}

type blobInfo struct {
	Data       uint64
	Length, ID uint32
}

type vblankInfo struct {
	Type, Sequence uint32
	A, B           uint64
}

type versionInfo struct {
	_       [3]int32
	_       int32
	NameLen uint64
	Name    uint64
	_       [4]uint64
}

// ptr is a slice's address for a request. Pinning also keeps the slice off the
// stack, which may move.
func ptr[T any](pin *runtime.Pinner, s []T) uint64 {
	if len(s) == 0 {
		return 0
	}
	pin.Pin(&s[0])
	return uint64(uintptr(unsafe.Pointer(&s[0])))
}

// ask does a request whose argument is *arg, read and written.
func ask[T any](f *os.File, nr uintptr, arg *T) error {
	return ioctl(f, 3<<30|unsafe.Sizeof(*arg)<<16|'d'<<8|nr, unsafe.Pointer(arg))
}

// ioctl asks without taking the file out of the poller.
func ioctl(f *os.File, req uintptr, arg unsafe.Pointer) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	err = conn.Control(func(fd uintptr) {
		for {
			_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, req, uintptr(arg))
			if errno != unix.EINTR && errno != unix.EAGAIN {
				return
			}
		}
	})
	switch {
	case err != nil:
		return err
	case errno != 0:
		return errno
	}
	return nil
}

// buffer is a dumb buffer: memory that the panel can be pointed at.
type buffer struct {
	fb, handle uint32
	pitch      int
	pix        []byte
}

func newBuffer(f *os.File, w, h int) (*buffer, error) {
	d := dumbInfo{W: uint32(w), H: uint32(h), BPP: 32}
	if err := ask(f, nrCreateDumb, &d); err != nil {
		return nil, fmt.Errorf("create a buffer of %dx%d: %w", w, h, err)
	}
	b := &buffer{handle: d.Handle, pitch: int(d.Pitch)}
	fb := fbInfo{W: d.W, H: d.H, Pitch: d.Pitch, BPP: 32, Depth: 24, Handle: d.Handle}
	if err := ask(f, nrAddFB, &fb); err != nil {
		return nil, errors.Join(fmt.Errorf("add a framebuffer of %dx%d: %w", w, h, err), b.free(f))
	}
	b.fb = fb.ID
	m := mapInfo{Handle: d.Handle}
	if err := ask(f, nrMapDumb, &m); err != nil {
		return nil, errors.Join(fmt.Errorf("map a buffer of %dx%d: %w", w, h, err), b.free(f))
	}
	conn, err := f.SyscallConn()
	if err == nil {
		cerr := conn.Control(func(fd uintptr) {
			b.pix, err = unix.Mmap(int(fd), int64(m.Offset), int(d.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		})
		err = errors.Join(err, cerr)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map a buffer of %dx%d: %w", w, h, err), b.free(f))
	}
	return b, nil
}

// free gives the buffer back; the panel goes dark if it shows it.
func (b *buffer) free(f *os.File) error {
	var errs []error
	if b.pix != nil {
		errs = append(errs, unix.Munmap(b.pix))
		b.pix = nil
	}
	if b.fb != 0 {
		errs = append(errs, ask(f, nrRmFB, &b.fb))
	}
	handle := b.handle
	return errors.Join(append(errs, ask(f, nrDestroyDumb, &handle))...)
}
