package car

import "strings"

// faultBook has the faults that are in force.
type faultBook struct {
	list []fault
}

type fault struct {
	target, kind string
	until        int64 // tick; 0: for good
}

func (b *faultBook) set(f fault) {
	b.clear(f.target, f.kind)
	b.list = append(b.list, f)
}

// clear ends the faults of a target, of one kind or (kind "") of all.
func (b *faultBook) clear(target, kind string) {
	keep := b.list[:0]
	for _, f := range b.list {
		if f.target != target || kind != "" && f.kind != kind {
			keep = append(keep, f)
		}
	}
	b.list = keep
}

func (b *faultBook) expire(now int64) {
	keep := b.list[:0]
	for _, f := range b.list {
		if f.until == 0 || f.until > now {
			keep = append(keep, f)
		}
	}
	b.list = keep
}

// on says that the target has a fault of any kind.
func (b *faultBook) on(target string) bool { return b.is(target, "") }

func (b *faultBook) is(target, kind string) bool {
	for i := range b.list {
		if f := &b.list[i]; f.target == target && (kind == "" || f.kind == kind) {
			return true
		}
	}
	return false
}

// named is is for a target of a family, such as "message", and a name in it.
func (b *faultBook) named(family, name, kind string) bool {
	for i := range b.list {
		if f := &b.list[i]; f.kind == kind && f.of(family, name) {
			return true
		}
	}
	return false
}

// signal is the kind of fault that a signal has, "" if none.
func (b *faultBook) signal(name string) string {
	for i := range b.list {
		if f := &b.list[i]; f.of("signal", name) {
			return f.kind
		}
	}
	return ""
}

// of says that the target is family.name, without making that string: this is
// asked for every signal of every frame.
func (f *fault) of(family, name string) bool {
	rest, ok := strings.CutPrefix(f.target, family)
	return ok && len(rest) > 0 && rest[0] == '.' && rest[1:] == name
}
