package node_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/node"
	"tandem/vehicle"
)

// A worker is one end of the link in a process of its own, which the tests kill
// when they like. It says on its output, one line each:
//
//	ready ADDRESS DEVICE         it runs
//	back MILLISECONDS            all sessions of --want are there, since main began
//	try OP, ok OP                an operation begins; it was acknowledged
//	own SESSION N                this device owns the session in epoch N
//	dump JSON, qr TEXT, done     answers to commands
//
// and takes commands on its input: seed, work, rest, dump, qr, pair TEXT, end.
const workerEnv = "TANDEM_NODE_WORKER"

// workerConfig is what a worker is told by its environment.
type workerConfig struct {
	Role   string // "car" or "phone"
	Data   string
	Listen string
	Seed   uint64
	Want   []string // sessions that must come back
}

// dumped is a session as a worker sees it.
type dumped struct {
	ID      string
	Local   bool
	Handoff phonelink.HandoffState
	N       uint64
	Owner   phonelink.Device
	Kind    string
	Queue   []string
	Text    string
}

type workerProcess struct {
	c       workerConfig
	n       *node.Node
	began   time.Time
	random  *rand.Rand
	mu      sync.Mutex // of out
	out     *bufio.Writer
	pause   context.CancelFunc
	working sync.WaitGroup
	count   int
	texts   map[phonelink.SessionID]string // of lane 0
}

// stillCar is parked for ever.
type stillCar struct{ s *vehicle.Store }

func (c stillCar) Sample(now time.Time, p vehicle.Path) vehicle.Sample { return c.s.Sample(now, p) }

func (c stillCar) Ask(context.Context, vehicle.Command) vehicle.Outcome { return vehicle.Outcome{} }

func worker() int {
	w := &workerProcess{began: time.Now(), out: bufio.NewWriter(os.Stdout), texts: map[phonelink.SessionID]string{}}
	if err := json.Unmarshal([]byte(os.Getenv(workerEnv)), &w.c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	w.random = rand.New(rand.NewPCG(w.c.Seed, 1))
	c := node.Config{Data: w.c.Data, Name: w.c.Role, Listen: w.c.Listen}
	if w.c.Role == "car" {
		c.Car = stillCar{parkedStore()}
	}
	var err error
	if w.n, err = node.New(c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.n.Run(ctx) }()
	w.say("ready %s %s", w.n.Addr(), w.n.Self())
	var wg sync.WaitGroup
	wg.Go(func() { w.watch(ctx) })
	w.commands(ctx)
	cancel()
	wg.Wait()
	if err := <-ended; err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (w *workerProcess) say(format string, a ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.out, format+"\n", a...)
	w.out.Flush()
}

// watch tells what this device owns, and when all is back.
func (w *workerProcess) watch(ctx context.Context) {
	v := w.n.Watch()
	defer v.Close()
	owned := map[phonelink.SessionID]uint64{}
	back := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.C():
		}
		view := v.View()
		there := map[string]bool{}
		for i := range view.Sessions {
			s := &view.Sessions[i]
			there[s.ID.String()] = true
			if s.Local && owned[s.ID] != s.Rev.Epoch.N {
				owned[s.ID] = s.Rev.Epoch.N
				w.say("own %s %d", s.ID, s.Rev.Epoch.N)
			}
		}
		all := !view.Locked
		for _, id := range w.c.Want {
			all = all && there[id]
		}
		if all && !back {
			back = true
			w.say("back %.1f", time.Since(w.began).Seconds()*1000)
		}
	}
}

func (w *workerProcess) commands(ctx context.Context) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		word, rest, _ := strings.Cut(in.Text(), " ")
		switch word {
		case "work":
			var working context.Context
			working, w.pause = context.WithCancel(ctx)
			for i := range 3 {
				r := rand.New(rand.NewPCG(w.random.Uint64(), uint64(i)))
				w.working.Go(func() { w.work(working, r, i) })
			}
		case "rest":
			w.pause()
			w.working.Wait()
			w.say("done")
		case "seed":
			w.seed(ctx)
		case "dump":
			w.dump()
		case "state":
			v := w.view()
			w.say("state %d sessions, locked %v, trouble %q, phones %+v", len(v.Sessions), v.Locked, v.Trouble, v.Phones)
		case "qr":
			w.qr(ctx)
		case "pair":
			if err := w.n.PairWith(ctx, rest); err != nil {
				w.say("error %v", err)
			} else {
				w.say("done")
			}
		case "end":
			return
		}
	}
}

func (w *workerProcess) view() *phonelink.View {
	v := w.n.Watch()
	defer v.Close()
	return v.View()
}

func (w *workerProcess) qr(ctx context.Context) {
	if err := w.n.Do(ctx, phonelink.OpenPairing{}); err != nil {
		w.say("error %v", err)
		return
	}
	v := w.n.Watch()
	defer v.Close()
	for v.View().Pairing == nil {
		<-v.C()
	}
	w.say("qr %s", v.View().Pairing.QR)
}

// seed opens the first sessions.
func (w *workerProcess) seed(ctx context.Context) {
	for i, s := range []phonelink.Session{song("a"), song("b"), route("c"), draft(""), draft("")} {
		s.ID = phonelink.NewSessionID(time.Now(), [10]byte{byte(i)})
		if err := w.n.Do(ctx, phonelink.Open{Session: s}); err != nil {
			w.say("error %v", err)
			return
		}
		w.say("try open %s", s.ID)
		w.say("ok open %s", s.ID)
	}
	w.say("done")
}

func (w *workerProcess) dump() {
	var out []dumped
	for _, s := range w.view().Sessions {
		d := dumped{
			ID: s.ID.String(), Local: s.Local, Handoff: s.Handoff,
			N: s.Rev.Epoch.N, Owner: s.Rev.Epoch.Device, Kind: s.Kind.String(),
		}
		switch doc := s.Doc.(type) {
		case *phonelink.MediaDoc:
			for _, t := range doc.Queue {
				d.Queue = append(d.Queue, t.ID)
			}
		case *phonelink.DraftDoc:
			d.Text = doc.Text
		}
		out = append(out, d)
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	w.say("dump %s", b)
}

// work does one operation after another.
func (w *workerProcess) work(ctx context.Context, r *rand.Rand, lane int) {
	for ctx.Err() == nil {
		v := w.view()
		if v.Locked || len(v.Sessions) == 0 {
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond): // a worker is no test: it only keeps itself busy
			}
			continue
		}
		s := &v.Sessions[r.IntN(len(v.Sessions))]
		request, op := w.choose(r, lane, v, s)
		if request == nil {
			continue
		}
		one, cancel := context.WithTimeout(context.WithoutCancel(ctx), 300*time.Millisecond)
		w.say("try %s", op)
		err := w.n.Do(one, request)
		cancel()
		if err == nil {
			w.say("ok %s", op)
		}
	}
}

// choose makes an operation on a session, and its name:
//
//	take SESSION, send SESSION, open SESSION, end SESSION,
//	add SESSION TOKEN, drop SESSION TOKEN, text SESSION TOKEN
func (w *workerProcess) choose(r *rand.Rand, lane int, v *phonelink.View, s *phonelink.SessionView) (phonelink.Request, string) {
	edit := func(a phonelink.Action) phonelink.Request {
		return phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: a}}
	}
	w.mu.Lock()
	w.count++
	token := fmt.Sprintf("%s-%d-%d-%d", w.c.Role, lane, w.began.UnixNano(), w.count)
	w.mu.Unlock()
	switch dice := r.IntN(20); {
	case dice < 4 && !s.Local:
		return phonelink.Take{Session: s.ID}, "take " + s.ID.String()
	case dice < 4:
		return phonelink.Send{Session: s.ID, To: v.Phones[0].Device}, "send " + s.ID.String()
	case dice == 4 && len(v.Sessions) < 16:
		id := phonelink.NewSessionID(time.Now(), [10]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), w.c.Role[0], byte(lane)})
		kinds := []phonelink.Session{song("a"), route("b"), draft("")}
		opened := kinds[r.IntN(len(kinds))]
		opened.ID = id
		return phonelink.Open{Session: opened}, "open " + id.String()
	case dice == 5 && len(v.Sessions) > 8:
		return phonelink.End{Session: s.ID}, "end " + s.ID.String()
	}
	switch d := s.Doc.(type) {
	case *phonelink.MediaDoc:
		own := []string{}
		for _, t := range d.Queue {
			if strings.HasPrefix(t.ID, fmt.Sprintf("%s-%d-", w.c.Role, lane)) {
				own = append(own, t.ID)
			}
		}
		if len(own) > 4 || len(own) > 0 && r.IntN(2) == 0 {
			gone := own[r.IntN(len(own))]
			return edit(phonelink.Dequeue{Track: gone}), "drop " + s.ID.String() + " " + gone
		}
		return edit(phonelink.Enqueue{Track: phonelink.Track{ID: token, URL: "https://example.org/x"}, After: "b"}), "add " + s.ID.String() + " " + token
	case *phonelink.DraftDoc:
		// One person writes, and knows what was written before.
		if w.c.Role == "phone" && lane == 0 && len(d.Text) < 4096 {
			base, ok := w.texts[s.ID]
			if !ok {
				base = d.Text
			}
			w.texts[s.ID] = base + token + "\n"
			return edit(phonelink.SetText{Text: w.texts[s.ID], Base: base}), "text " + s.ID.String() + " " + token
		}
	}
	return nil, ""
}

func contains(data []byte, s string) bool { return bytes.Contains(data, []byte(s)) }

func numberOf(v float64) vehicle.Value { return vehicle.NumberOf(v) }
