package carport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/canbus/guard"
	"tandem/vehicle/vss"
)

// Car is a car model: its buses and what their frames mean. It does not change
// after LoadCar and may be shared.
type Car struct {
	Name     string
	Node     string // ours, in the databases; "" for a car that is only listened to
	Buses    []Bus
	Mappings []*Mapping    // in the order of the overlay
	Policy   *guard.Policy // nil: nothing may be sent

	Diagnostics []dbc.Diagnostic // what the databases' loader had to say
	Warnings    []*Problem       // what works but is probably not meant

	received    map[messageKey]*messageSpec
	transmitted map[messageKey]*messageSpec
	tree        *vss.Tree
}

// Bus is one bus of a car.
type Bus struct {
	Name        string
	DBC         string // file, as a person would give it
	Bitrate     int    // bit/s; 0: not said
	DataBitrate int    // bit/s in the data phase of FD frames; 0: not said
	FD          bool
	Database    *dbc.Database

	plan *dbc.Plan
}

// Overrides replace parts of a car directory.
type Overrides struct {
	DBC map[string]string // by bus: a file on disk in place of the directory's
}

type messageKey struct {
	bus     int
	message *dbc.Message
}

// messageSpec is what car.yaml says of one message.
type messageSpec struct {
	ttl      time.Duration // of received messages; 0: never stale
	counter  *counterSpec
	checksum *checksumSpec
	cycle    time.Duration // of transmitted messages; 0: only on request
	repeat   int
}

// Times to live of messages for which car.yaml gives none.
const (
	leastTTL   = 300 * time.Millisecond // and three cycles
	unknownTTL = 2 * time.Second        // the database gives no cycle time
)

// defaultRepeat is how many frames a request with a no_request value stands in.
const defaultRepeat = 3

// LoadCar reads the car directory dir of fsys and checks it whole. The error
// joins everything that is wrong with it; see Problems. Files that Overrides
// name are read from the disk.
func LoadCar(fsys fs.FS, dir string, o Overrides) (*Car, error) {
	l := &loader{fsys: fsys, dir: dir, over: o, car: &Car{
		received: map[messageKey]*messageSpec{}, transmitted: map[messageKey]*messageSpec{}, tree: vss.Catalogue(),
	}}
	yamlErr := l.readCar()
	if len(l.car.Buses) == 0 {
		return nil, yamlErr
	}
	overlayErr := l.readOverlay()
	policyErr := l.readPolicy()
	if err := errors.Join(yamlErr, overlayErr, policyErr); err != nil {
		return nil, err
	}
	return l.car, nil
}

// Bus finds a bus by its name.
func (c *Car) Bus(name string) (*Bus, bool) {
	i := slices.IndexFunc(c.Buses, func(b Bus) bool { return b.Name == name })
	if i < 0 {
		return nil, false
	}
	return &c.Buses[i], true
}

type loader struct {
	fsys fs.FS
	dir  string
	over Overrides
	car  *Car
}

func (l *loader) name(file string) string { return path.Join(l.dir, file) }

// read reads a file of the directory.
func (l *loader) read(r *report) ([]byte, bool) {
	data, err := fs.ReadFile(l.fsys, r.file)
	if err != nil {
		r.add(0, "", "%s; a car directory needs it, see vehicle/carport/README.md", why(err))
		return nil, false
	}
	return data, true
}

// why is a file error without the path that the message already has.
func why(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return "cannot be read: " + err.Error()
}

func (l *loader) readCar() error {
	r := &report{file: l.name("car.yaml")}
	if data, ok := l.read(r); ok {
		if root := r.parse(data); root != nil {
			t := r.table(root, "")
			t.only("name", "node", "buses", "messages", "transmit")
			l.car.Name, l.car.Node = t.text("name", true), t.text("node", false)
			l.readBuses(t)
			for _, n := range t.list("messages") {
				l.readMessage(r, n, false)
			}
			for _, n := range t.list("transmit") {
				l.readMessage(r, n, true)
			}
		}
	}
	return r.err()
}

func (l *loader) readBuses(t *table) {
	if !t.has("buses") {
		t.add(t.line, "", "key %q is missing: list at least one bus", "buses")
	}
	for _, n := range t.list("buses") {
		b := t.report.table(n, "bus")
		if v := b.values["name"]; v != nil {
			b.subject = "bus " + v.Value
		}
		b.only("name", "dbc", "bitrate", "data_bitrate", "fd")
		bus := Bus{
			Name:        b.text("name", true),
			Bitrate:     int(b.whole("bitrate", 0, 1, 1_000_000)),
			DataBitrate: int(b.whole("data_bitrate", 0, 1, 12_000_000)),
			FD:          b.yes("fd"),
		}
		if _, twice := l.car.Bus(bus.Name); twice {
			b.add(b.at("name"), b.subject, "is there twice; give each bus its own name")
			continue
		}
		if bus.DataBitrate != 0 && !bus.FD {
			b.add(b.at("data_bitrate"), b.subject, "data_bitrate needs fd: true")
		}
		l.readDatabase(b, &bus)
		l.car.Buses = append(l.car.Buses, bus)
	}
	for name := range l.over.DBC {
		if _, ok := l.car.Bus(name); !ok {
			t.add(t.at("buses"), "", "--dbc names bus %q; this car has %s", name, l.busNames())
		}
	}
}

func (l *loader) busNames() string {
	var names []string
	for _, b := range l.car.Buses {
		names = append(names, b.Name)
	}
	return strings.Join(names, ", ")
}

// readDatabase loads a bus's DBC. A bus without one keeps an empty database,
// so that the rest can be checked.
func (l *loader) readDatabase(b *table, bus *Bus) {
	bus.Database = &dbc.Database{}
	bus.plan = dbc.Compile(bus.Database)
	file := b.text("dbc", false)
	var data []byte
	var err error
	switch over := l.over.DBC[bus.Name]; {
	case over != "":
		bus.DBC = over
		data, err = os.ReadFile(over)
	case file == "":
		b.add(b.line, b.subject, "has no database: give one with --dbc %s=FILE", bus.Name)
		return
	default:
		bus.DBC = l.name(file)
		data, err = fs.ReadFile(l.fsys, bus.DBC)
	}
	if err != nil {
		b.add(b.at("dbc"), b.subject, "database %s %s; correct the path, or give one with --dbc %s=FILE", bus.DBC, why(err), bus.Name)
		return
	}
	db, diags, err := dbc.Load(bus.DBC, data)
	l.car.Diagnostics = append(l.car.Diagnostics, diags...)
	if err != nil {
		b.add(b.at("dbc"), b.subject, "%v", err)
		return
	}
	bus.Database, bus.plan = db, dbc.Compile(db)
}

// readMessage reads an entry of messages or, with ours, of transmit.
func (l *loader) readMessage(r *report, n *yaml.Node, ours bool) {
	t := r.table(n, "message")
	if ours {
		t.only("bus", "message", "cycle_ms", "repeat", "counter", "checksum")
	} else {
		t.only("bus", "message", "ttl_ms", "counter", "checksum")
	}
	key, ok := l.findMessage(t)
	if !ok {
		return
	}
	specs, other := l.car.received, "messages"
	if ours {
		specs, other = l.car.transmitted, "transmit"
	}
	t.subject = key.message.Name
	if specs[key] != nil {
		t.add(t.line, t.subject, "is there twice under %s; join the two", other)
		return
	}
	if mine := l.ours(key.message); mine != ours {
		t.add(t.line, t.subject, "is sent by %s in %s, and our node is %q: it belongs under %s", senders(key.message), l.car.Buses[key.bus].DBC, l.car.Node,
			map[bool]string{true: "transmit", false: "messages"}[mine])
		return
	}
	spec := defaultSpec(key.message)
	if t.has("ttl_ms") {
		spec.ttl = time.Duration(t.whole("ttl_ms", 0, 0, 86_400_000)) * time.Millisecond
	}
	if t.has("cycle_ms") {
		spec.cycle = time.Duration(t.whole("cycle_ms", 0, 0, 3_600_000)) * time.Millisecond
	}
	spec.repeat = int(t.whole("repeat", defaultRepeat, 1, 100))
	spec.counter = t.counter(key.message)
	spec.checksum = t.checksum(key.message)
	specs[key] = spec
}

// spec is what is known of a message, said or not.
func (c *Car) spec(key messageKey, ours bool) *messageSpec {
	specs := c.received
	if ours {
		specs = c.transmitted
	}
	if s := specs[key]; s != nil {
		return s
	}
	return defaultSpec(key.message)
}

func defaultSpec(m *dbc.Message) *messageSpec {
	s := &messageSpec{cycle: m.Cycle, repeat: defaultRepeat, ttl: max(3*m.Cycle, leastTTL)}
	if m.Cycle == 0 {
		s.ttl = unknownTTL
	}
	return s
}

// ours says whether the message is one that our node sends.
func (l *loader) ours(m *dbc.Message) bool {
	return l.car.Node != "" && (m.Sender == l.car.Node || slices.Contains(m.Senders, l.car.Node))
}

func senders(m *dbc.Message) string {
	if len(m.Senders) == 0 {
		return "nobody"
	}
	return strings.Join(m.Senders, " and ")
}

func (l *loader) findMessage(t *table) (key messageKey, ok bool) {
	busName, name := t.text("bus", true), t.text("message", true)
	if busName == "" || name == "" {
		return key, false
	}
	key.bus = slices.IndexFunc(l.car.Buses, func(b Bus) bool { return b.Name == busName })
	if key.bus < 0 {
		t.add(t.at("bus"), name, "bus %q is not known; this car has %s", busName, l.busNames())
		return key, false
	}
	bus := &l.car.Buses[key.bus]
	key.message = bus.Database.MessageByName(name)
	if key.message == nil {
		if len(bus.Database.Messages) > 0 { // without a database there was a better message
			t.add(t.at("message"), name, "%s has no such message%s", bus.DBC, suggest(name, messageNames(bus.Database)))
		}
		return key, false
	}
	return key, true
}

func messageNames(db *dbc.Database) []string {
	var names []string
	for _, m := range db.Messages {
		names = append(names, m.Name)
	}
	return names
}

// signal finds a signal of a message by the name that a key gives.
func (t *table) signal(m *dbc.Message, key string) (index int, ok bool) {
	name := t.text(key, true)
	if name == "" {
		return 0, false
	}
	s, i := m.Signal(name)
	if s == nil {
		t.add(t.at(key), t.subject, "%s has no signal %q%s", m.Name, name, suggest(name, signalNames(m)))
		return 0, false
	}
	return i, true
}

func signalNames(m *dbc.Message) []string {
	var names []string
	for _, s := range m.Signals {
		names = append(names, s.Name)
	}
	return names
}

// suggest ends a message about an unknown name with the nearest known one.
func suggest(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	if len(known) <= 8 && len(known) > 0 {
		return "; it has " + strings.Join(known, ", ")
	}
	return ""
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func (l *loader) readPolicy() error {
	r := &report{file: l.name("policy.yaml")}
	data, err := fs.ReadFile(l.fsys, r.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		r.add(0, "", "%s", why(err))
		return r.err()
	}
	l.car.Policy, err = guard.LoadPolicy(r.file, data)
	if err != nil {
		return err
	}
	return l.checkPolicy(r)
}

// checkPolicy holds the policy against the databases, as New will.
func (l *loader) checkPolicy(r *report) error {
	for _, e := range l.car.Policy.Entries {
		if _, ok := l.car.Bus(e.Bus); !ok {
			r.add(e.Line, "", "bus %q is not known; this car has %s", e.Bus, l.busNames())
		}
	}
	errs := []error{r.err()}
	for i := range l.car.Buses {
		b := &l.car.Buses[i]
		if len(b.Database.Messages) == 0 {
			continue // there was a better message
		}
		c := guardConfig(l.car, b)
		c.Bus = noBus{}
		_, err := guard.New(c)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// noBus stands for the bus while a policy is checked; nothing is sent.
type noBus struct{ canbus.Bus }
