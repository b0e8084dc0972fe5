package car

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

// named is is for a target of a family: "message" and a name.
func (b *faultBook) named(family, name, kind string) bool {
	for i := range b.list {
		f := &b.list[i]
		if f.kind == kind && len(f.target) == len(family)+1+len(name) && f.target[:len(family)] == family && f.target[len(family)+1:] == name {
			return true
		}
	}
	return false
}

// signal is the kind of fault that a signal has, "" if none.
func (b *faultBook) signal(name string) string {
	for i := range b.list {
		if t := b.list[i].target; len(t) == len(name)+7 && t[:7] == "signal." && t[7:] == name {
			return b.list[i].kind
		}
	}
	return ""
}
