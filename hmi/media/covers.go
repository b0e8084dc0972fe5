package media

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"sync"

	"tandem/hmi"
	"tandem/phonelink"
)

// Limits of Covers.
const (
	coverBudget = 4 << 20 // bytes of scaled covers, unless Config says other
	maxNoCovers = 512     // covers of which it is known that there is none
	maxWanted   = 16      // covers that wait to be made
	maxSkips    = 64      // changes at which one that has not come is not looked for again
)

// CoversConfig says what Covers work with.
type CoversConfig struct {
	Open     Opener             // of music files; nil: no covers of files
	Pictures phonelink.Pictures // of sessions and phones' players; nil: none of those
	Budget   int                // bytes of covers that are kept; 0: 4 MiB
	Logger   *slog.Logger
}

// Covers makes pictures fit to be shown: found, checked, decoded and scaled by
// one goroutine, so that a frame only looks up what is there.
//
//	Cover (a frame) -> there: the picture
//	                -> not yet: wanted -> Run: fetch, decode, scale -> C: another frame
//	                -> none: remembered, until it may have come
type Covers struct {
	cfg  CoversConfig
	log  *slog.Logger
	wake chan struct{} // for Run
	c    chan struct{} // for who shows

	mu     sync.Mutex // guards what follows
	have   map[coverKey]*cover
	wanted []coverKey // the latest last
	size   int        // bytes of have
	tick   uint64
}

type coverKey struct {
	which hmi.Cover
	px    int
}

type cover struct {
	img   *image.NRGBA // nil: there is none, or not yet
	under bool         // it is being made, or waits for it
	never bool         // it is there and cannot be shown
	skips int          // further changes to let pass before it is looked for again
	pause int          // what skips begins with the next time
	used  uint64
}

// NewCovers makes Covers; Run starts them.
func NewCovers(c CoversConfig) *Covers {
	if c.Budget <= 0 {
		c.Budget = coverBudget
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Covers{cfg: c, log: c.Logger, wake: make(chan struct{}, 1), c: make(chan struct{}, 1), have: map[coverKey]*cover{}}
}

// C has a value when a cover has come.
func (c *Covers) C() <-chan struct{} { return c.c }

// Cover is a picture, px pixels square; nil while there is none. It is for any
// goroutine, does not wait, and allocates only when it is asked the first time.
func (c *Covers) Cover(which hmi.Cover, px int) image.Image {
	if which == (hmi.Cover{}) || px < 1 || px > maxCoverPx {
		return nil
	}
	k := coverKey{which, px}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick++
	x := c.have[k]
	if x == nil {
		x = &cover{}
		c.have[k] = x
		c.wantLocked(k, x)
	}
	x.used = c.tick
	if x.img == nil {
		return nil
	}
	return x.img
}

// wantLocked lets Run make a cover. What is asked for last is made first; of too
// many the oldest is forgotten, and asked for again if it is still shown.
func (c *Covers) wantLocked(k coverKey, x *cover) {
	x.under = true
	c.wanted = append(c.wanted, k)
	if len(c.wanted) > maxWanted {
		delete(c.have, c.wanted[0])
		c.wanted = append(c.wanted[:0], c.wanted[1:]...)
	}
	c.signal(c.wake)
}

func (*Covers) signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Retry says that something may have come: an asset, or a file that was copied.
// What was not there is looked for again, less and less often.
func (c *Covers) Retry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, x := range c.have {
		if x.img != nil || x.under || x.never || len(c.wanted) == maxWanted {
			continue
		}
		if x.skips--; x.skips < 0 {
			c.wantLocked(k, x)
		}
	}
}

// Run makes covers until ctx ends.
func (c *Covers) Run(ctx context.Context) error {
	for {
		k, ok := c.next()
		if !ok {
			select {
			case <-c.wake:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		img, err := c.make(ctx, k)
		if ctx.Err() != nil {
			return nil
		}
		c.keep(k, img, err)
	}
}

func (c *Covers) next() (k coverKey, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.wanted)
	if n == 0 {
		return k, false
	}
	k = c.wanted[n-1]
	c.wanted = c.wanted[:n-1]
	return k, true
}

// make finds, decodes and scales.
func (c *Covers) make(ctx context.Context, k coverKey) (*image.NRGBA, error) {
	var data []byte
	err := errors.New("nobody has it")
	if c.cfg.Pictures != nil && k.which.SHA256 != [32]byte{} {
		data, err = c.cfg.Pictures.Picture(ctx, k.which.SHA256)
	}
	if err != nil && c.cfg.Open != nil && k.which.URL != "" {
		data, err = fileCover(ctx, c.cfg.Open, k.which.URL)
	}
	if err != nil {
		return nil, err
	}
	if len(data) > phonelink.MaxPicture {
		return nil, ErrPicture
	}
	img, err := decodePicture(data)
	if err != nil {
		return nil, err
	}
	return square(img, k.px, float64(k.px)*hmi.CoverRadius), nil
}

func (c *Covers) keep(k coverKey, img *image.NRGBA, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.have[k]
	if x == nil {
		return // forgotten meanwhile
	}
	x.under, x.never = false, errors.Is(err, ErrPicture) // it will not get better
	if err != nil {
		c.log.Debug("no cover", "err", err)
		x.skips, x.pause = x.pause, min(maxSkips, 2*x.pause+1)
	}
	if img != nil {
		x.img = img
		c.size += len(img.Pix)
		c.signal(c.c)
	}
	c.trimLocked(k)
}

// trimLocked forgets what was not shown for the longest time, but not what has
// just been made: one that is larger than the budget would be made for ever.
func (c *Covers) trimLocked(last coverKey) {
	for c.size > c.cfg.Budget || len(c.have) > maxNoCovers {
		var oldest coverKey
		least := c.tick + 1
		for k, x := range c.have {
			if !x.under && k != last && x.used < least {
				oldest, least = k, x.used
			}
		}
		x := c.have[oldest]
		if x == nil {
			return
		}
		if x.img != nil {
			c.size -= len(x.img.Pix)
		}
		delete(c.have, oldest)
	}
}
