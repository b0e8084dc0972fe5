package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"tandem/phonelink"
)

// A phone link that is shut in is two processes, since the one that talks to
// strangers cannot start a program, nor become another's:
//
//	keeper: the starter's user, no network    worker: own user, shut in, one profile
//	   |--- starts; the socket, a pipe that ends with it --->|
//	   |<-- "ready", "port N", "alive", "profile ID", "error TEXT" --|
//
// The keeper starts the worker again when it ends, when it is silent, and for
// another profile when that was asked of it. The socket is the keeper's, so that
// who uses the phone link waits instead of being refused meanwhile; and the next
// worker of a profile listens where the one before did, if it can, because its
// phones look there first. A worker
// that was taken over can at most be ended and begun anew, for a profile of its
// choice, with nothing of what it knew.
type keeper struct {
	start   func(p phonelink.Profile, port int) (*worker, error) // port 0: any
	profile phonelink.Profile                                    // to begin with, or to begin again with
	log     *slog.Logger
	ports   map[phonelink.Profile]int // where a profile's last worker listened
}

// worker is a process that was started.
type worker struct {
	words <-chan string // what it says; closed when it has ended
	done  <-chan error  // how it ended, once
	end   func()        // asks it to end
	kill  func()
}

// Times of a keeper.
const (
	readyWithin  = 2 * time.Minute  // a worker says that it is ready
	aliveWithin  = 10 * time.Second // and then, at least so often, that its loop answers
	aliveEvery   = 2 * time.Second
	endsWithin   = 5 * time.Second        // after it was asked to
	firstPause   = 100 * time.Millisecond // before it is started again; doubled
	longestPause = 10 * time.Second
	goodAfter    = time.Minute // a worker that ran so long is one that works
)

// Words of a worker.
const (
	wordReady   = "ready"
	wordAlive   = "alive"
	wordPort    = "port "    // and the port of its link
	wordProfile = "profile " // and the profile to begin with the next time
	wordError   = "error "   // and why it cannot go on
	maxWord     = 4096       // bytes
)

// fate is what became of a worker.
type fate struct {
	ready   bool
	port    int               // 0: it has not said
	profile phonelink.Profile // of the next
	err     error             // nil: it ended because it wanted to
}

// run keeps a worker up until ctx ends. A first one that cannot run is an
// error: it will not be better the next time.
func (k *keeper) run(ctx context.Context) error {
	var works phonelink.Profile // a profile that could be opened; "": none yet
	pause := firstPause
	k.ports = map[phonelink.Profile]int{}
	for {
		began := time.Now()
		profile := k.profile
		f := k.keep(ctx)
		k.ports[profile] = f.port // none if it could not run: somebody else may have the one before
		switch {
		case ctx.Err() != nil:
			return nil
		case !f.ready && works == "":
			return f.err
		case f.ready:
			works, k.profile = profile, f.profile
		default:
			k.profile = works
		}
		if time.Since(began) >= goodAfter {
			pause = firstPause
		}
		if f.err == nil && k.profile != profile {
			k.log.Info("another profile", "profile", k.profile, "before", profile)
			continue
		}
		k.log.Error("the phone link has ended and is started again", "problem", f.err, "profile", k.profile, "pause", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
		pause = min(2*pause, longestPause)
	}
}

// keep runs one worker to its end.
func (k *keeper) keep(ctx context.Context) fate {
	f := fate{profile: k.profile}
	w, err := k.start(k.profile, k.ports[k.profile])
	if err != nil {
		f.err = fmt.Errorf("start the phone link: %w", err)
		return f
	}
	dog := time.NewTimer(readyWithin)
	defer dog.Stop()
	words, told := w.words, ctx.Done()
	for {
		select {
		case word, ok := <-words:
			if !ok {
				words = nil
				continue
			}
			f.hear(word)
			if f.ready {
				dog.Reset(aliveWithin)
			}
		case <-told:
			told = nil
			w.end()
			dog.Reset(endsWithin)
		case <-dog.C:
			w.kill()
			f.err = errors.Join(f.err, errors.New("the phone link was silent for too long"))
		case err := <-w.done:
			for word := range w.words {
				f.hear(word)
			}
			if err != nil && f.err == nil {
				err = fmt.Errorf("the phone link ended: %w", err)
			} else if err == nil && f.err == nil && f.profile == k.profile {
				err = errors.New("the phone link ended by itself")
			}
			if f.err == nil {
				f.err = err
			}
			return f
		}
	}
}

// hear takes a word of the worker, who may say anything.
func (f *fate) hear(word string) {
	if id, ok := strings.CutPrefix(word, wordProfile); ok {
		if p := phonelink.Profile(id); p.Check() == nil {
			f.profile = p
		}
	} else if text, ok := strings.CutPrefix(word, wordError); ok {
		f.err = errors.New(clean(text))
	} else if n, ok := strings.CutPrefix(word, wordPort); ok {
		if port, err := strconv.ParseUint(n, 10, 16); err == nil {
			f.port = int(port)
		}
	} else if word == wordReady {
		f.ready = true
	}
}
