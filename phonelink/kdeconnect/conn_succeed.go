package kdeconnect

import (
	"bytes"
	"context"
	"time"
)

// adopt makes l the link of its device. It returns when a link before it, if
// there is one, has stopped, and refuses l if that one outlives it.
func (h *hub) adopt(l *link, r *lineReader) error {
	for {
		old, p, err := h.install(l)
		if err != nil {
			return err
		}
		if old == nil {
			h.adopted(l, p)
			return nil
		}
		if l.peek == nil {
			l.peek = make(chan error, 1)
			if !h.spawn(func() { l.peek <- r.fill() }) {
				l.peek <- context.Canceled
			}
		}
		if !l.outlives(old) {
			h.leave(old)
			return errReplaced
		}
		old.retire()
		if done, p, err := h.succeed(l, old); done || err != nil {
			if err == nil {
				h.adopted(l, p)
			}
			return err
		}
	}
}

func (h *hub) adopted(l *link, p pin) {
	trusted := l.trusted.Load()
	h.log.Debug("link made", "device", l.device, "from", l.tcp.RemoteAddr(), "called", l.called, "trusted", trusted)
	if trusted {
		h.seen(l, p)
	}
}

// install registers l unless it may not be. If there is a link already, it
// makes l one of those that wait for its place, and returns it.
func (h *hub) install(l *link) (old *link, p pin, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old = h.links[l.peer.ID]
	if p, err = h.admitLocked(l, old); err != nil {
		return nil, p, err
	}
	if old == nil {
		h.links[l.peer.ID] = l
	} else {
		old.heirs++
	}
	return old, p, nil
}

// admitLocked decides whether l may be its device's link after old, which may be
// nil, and whether it is trusted then.
func (h *hub) admitLocked(l, old *link) (pin, error) {
	p, known := h.pinned[l.peer.ID]
	switch {
	case known && !bytes.Equal(p.Certificate, l.leaf.Raw):
		return p, errImpostor
	case !known && !h.windowOpenLocked():
		return p, errWindow
	case !known && old == nil && h.strangersLocked() >= maxStrangers:
		return p, errLockedOut
	case !known && old != nil && !bytes.Equal(old.leaf.Raw, l.leaf.Raw):
		return p, errImpostor // of a stranger that came first
	}
	l.trusted.Store(known)
	return p, nil
}

// succeed puts l, which waits for it, into the place of a link that has stopped,
// with all that the old one has not come to. It returns false if that place is
// not the old one's any longer.
func (h *hub) succeed(l, old *link) (done bool, p pin, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old.heirs--
	if h.links[l.peer.ID] != old {
		return false, p, nil
	}
	if p, err = h.admitLocked(l, old); err != nil {
		return false, p, err
	}
	h.links[l.peer.ID], old.heir = l, true
	l.inherit(old)
	return true, p, nil
}

// inherit takes over what old was asked to do and has not done. It is never both
// written by the old link and sent again: a request that is carried out twice is
// worse than one that is lost, and that the link is a new one is told.
func (l *link) inherit(old *link) {
	l.commands = old.commands
	if !l.trusted.Load() && old.pair.Phase != paired {
		l.pair = old.pair // a request goes on over the new link
	}
	if old.unsent != nil {
		l.send(old.unsent)
	}
	for len(old.queue) > 0 {
		if line := <-old.queue; line != nil {
			l.send(line)
		}
	}
}

// leave says that one waits no longer for the place of old.
func (h *hub) leave(old *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old.heirs--
}

// expected reports whether a link that has stopped may yet be succeeded by
// another one.
func (h *hub) expected(old *link) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !old.heir && (old.heirs > 0 || (h.calls[old.peer.ID] > 0 || h.comings[old.peer.ID] > 0) && !old.finishing)
}

// outlives decides which of two links of one device goes on; true: the new one.
//
// Both sides may have called at once. A stock peer keeps the link that it
// completed last and closes the other, in its own order; so nothing is closed
// here before the peer has, or has used the new one, and nothing is written on
// the old one, which the peer may not hear any longer. An old link that does not
// answer is not waited for. Two peers that both wait keep the one that the
// device with the larger id has made.
func (l *link) outlives(old *link) bool {
	if late, _ := overdue(old.tcp); late || l.address.Addr() != old.address.Addr() {
		old.cancel(errReplaced)
		return true
	}
	held, pen := false, old.pen
	wait := time.NewTimer(retireWithin)
	defer wait.Stop()
	for {
		keep := true
		select {
		case pen <- struct{}{}:
			held, pen = true, nil
			continue
		case <-old.stopped:
		case err := <-l.peek:
			l.peek <- err // for the reader
			keep = err == nil
		case <-wait.C:
			keep = l.called == old.called || l.called == (l.peer.ID > l.h.self.ID)
		}
		if !keep && held {
			<-old.pen
		}
		return keep
	}
}

// retire ends a link whose place another takes, and returns when it has stopped.
// What the peer has said on it before it went over to the new one is still read,
// if the peer closes it too.
func (l *link) retire() {
	l.retireOnce.Do(func() { close(l.retired) })
	wait := time.NewTimer(retireWithin)
	defer wait.Stop()
	select {
	case <-l.stopped:
		return
	case <-wait.C:
	}
	l.cancel(errReplaced)
	<-l.stopped
}

// unlink takes a link that has ended out, unless another has taken its place.
func (h *hub) unlink(l *link) bool {
	h.mu.Lock()
	mine := h.links[l.peer.ID] == l
	if mine {
		delete(h.links, l.peer.ID)
	}
	_, known := h.pinned[l.peer.ID]
	h.mu.Unlock()
	if mine && known {
		h.wake(wake{})
	}
	return mine
}
