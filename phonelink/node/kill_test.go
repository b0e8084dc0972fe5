package node_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/vehicle"
)

var trials = flag.Int("trials", 25, "how often TestKill kills")

func parkedStore() *vehicle.Store { return situation(new(testing.T), time.Now(), parked) }

// end is a worker process as its parent sees it.
type end struct {
	t      testing.TB
	c      workerConfig
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan string // answers to commands
	killed bool
	began  time.Time
	back   chan struct{} // closed when all is back
	took   time.Duration // from the start of the process to back
	inside float64       // ms, from its main to back
	reader sync.WaitGroup
	truth  *truth
	device phonelink.Device
}

// launch starts a worker on its folder, and waits until it runs.
func (e *end) launch() {
	e.t.Helper()
	env, err := json.Marshal(e.c)
	must(e.t, err)
	e.cmd = exec.Command(os.Args[0])
	e.cmd.Env = append(os.Environ(), workerEnv+"="+string(env))
	e.cmd.Stderr = os.Stderr
	e.in, err = e.cmd.StdinPipe()
	must(e.t, err)
	out, err := e.cmd.StdoutPipe()
	must(e.t, err)
	e.lines, e.back, e.killed = make(chan string, 16), make(chan struct{}), false
	e.began = time.Now()
	must(e.t, e.cmd.Start())
	ready := make(chan struct{})
	e.reader.Go(func() { e.read(out, ready) })
	select {
	case <-ready:
	case <-time.After(patience):
		e.t.Fatalf("%s does not start", e.c.Role)
	}
}

// read takes what the worker says, to its end.
func (e *end) read(out io.Reader, ready chan struct{}) {
	defer close(e.lines)
	in := bufio.NewScanner(out)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		word, rest, _ := strings.Cut(in.Text(), " ")
		switch word {
		case "ready":
			addr, device, _ := strings.Cut(rest, " ")
			e.c.Listen, e.device = addr, phonelink.Device(device)
			close(ready)
		case "back":
			e.took = time.Since(e.began)
			e.inside, _ = strconv.ParseFloat(rest, 64)
			close(e.back)
		case "try", "ok", "own":
			e.truth.note(e.c.Role, word, rest)
		default:
			e.lines <- in.Text()
		}
	}
}

// kill is kill -9; all that the worker said before is heard.
func (e *end) kill() {
	e.killed = true
	e.cmd.Process.Kill()
	e.reader.Wait()
	e.cmd.Wait()
}

// command asks the worker for an answer.
func (e *end) command(c string) string {
	e.t.Helper()
	_, err := io.WriteString(e.in, c+"\n")
	must(e.t, err)
	return e.answer(c)
}

func (e *end) answer(to string) string {
	e.t.Helper()
	select {
	case line, ok := <-e.lines:
		if !ok {
			e.t.Fatalf("%s: %s: the worker ended", e.c.Role, to)
		}
		if strings.HasPrefix(line, "error ") {
			e.t.Fatalf("%s: %s: %s", e.c.Role, to, line)
		}
		return line
	case <-time.After(patience):
		e.t.Fatalf("%s: no answer to %s", e.c.Role, to)
	}
	return ""
}

func (e *end) waitBack() {
	e.t.Helper()
	select {
	case <-e.back:
	case <-time.After(patience):
		there := e.sessions()
		lost := slices.DeleteFunc(e.c.Want, func(id string) bool { return there[id].ID != "" })
		e.t.Fatalf("%s: %d sessions, not back are %v; %s", e.c.Role, len(there), lost, e.command("state"))
	}
}

func (e *end) sessions() map[string]dumped {
	e.t.Helper()
	text, ok := strings.CutPrefix(e.command("dump"), "dump ")
	if !ok {
		e.t.Fatalf("%s: got %q, want a dump", e.c.Role, text)
	}
	var list []dumped
	must(e.t, json.Unmarshal([]byte(text), &list))
	out := map[string]dumped{}
	for _, d := range list {
		out[d.ID] = d
	}
	return out
}

// truth is what the workers said that they tried and what was acknowledged.
type truth struct {
	mu    sync.Mutex
	tried map[string]bool // "add SESSION TOKEN" and so on
	acked map[string]bool
	owner map[string]string // "SESSION N": role
	wrong []string
	ops   int
}

func (t *truth) note(role, word, rest string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch word {
	case "try":
		t.tried[rest] = true
	case "ok":
		t.acked[rest] = true
		t.ops++
	case "own":
		if other, ok := t.owner[rest]; ok && other != role {
			t.wrong = append(t.wrong, fmt.Sprintf("session and epoch %s: owned by both", rest))
		}
		t.owner[rest] = role
	}
}

// sure are the sessions that were opened and that nobody tried to end.
func (t *truth) sure() (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for op := range t.acked {
		if id, ok := strings.CutPrefix(op, "open "); ok && !t.tried["end "+id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// check compares the two ends with the truth; "" is fine, ahead of time or not.
func (t *truth) check(car, phone map[string]dumped) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrong) > 0 {
		return t.wrong[0]
	}
	for op := range t.acked {
		if id, ok := strings.CutPrefix(op, "open "); ok && !t.tried["end "+id] && car[id].ID == "" {
			return "session " + id + " is lost"
		}
		if id, ok := strings.CutPrefix(op, "end "); ok && (car[id].ID != "" || phone[id].ID != "") {
			return "session " + id + " ended and is there"
		}
	}
	if len(car) != len(phone) {
		return fmt.Sprintf("the car has %d sessions, the phone %d", len(car), len(phone))
	}
	for id, a := range car {
		b, ok := phone[id]
		switch {
		case !ok:
			return "session " + id + " is not at the phone"
		case a.Handoff != phonelink.Settled || b.Handoff != phonelink.Settled:
			return fmt.Sprintf("session %s of %s is under way: at the car %d, owned %v, at the phone %d, owned %v", id, a.Owner, a.Handoff, a.Local, b.Handoff, b.Local)
		case a.Local == b.Local:
			return fmt.Sprintf("session %s: owned by the car %v, by the phone %v", id, a.Local, b.Local)
		case a.N != b.N || a.Owner != b.Owner:
			return fmt.Sprintf("session %s: epoch %d of %s and %d of %s", id, a.N, a.Owner, b.N, b.Owner)
		case a.Text != b.Text || !slices.Equal(a.Queue, b.Queue):
			return "session " + id + " has two contents"
		}
		if wrong := t.content(a, car); wrong != "" {
			return wrong
		}
	}
	return ""
}

// content compares one document with the operations on it. Text may be in
// another draft than it was written to: where it could not be merged there are
// two, and none of it is lost.
func (t *truth) content(d dumped, all map[string]dumped) string {
	has := map[string]bool{}
	for _, token := range slices.Concat(d.Queue, strings.Fields(d.Text)) {
		switch op := "add " + d.ID + " " + token; {
		case has[token]:
			return token + " was applied twice in " + d.ID
		case d.Kind != "media" || token == "a" || token == "b": // there from the beginning
		case !t.tried[op]:
			return op + " was never made"
		case t.acked["drop "+d.ID+" "+token]:
			return op + " is back after it was dropped"
		}
		has[token] = true
	}
	for op := range t.acked {
		f := strings.Fields(op)
		if len(f) != 3 || f[1] != d.ID || f[0] == "drop" || has[f[2]] {
			continue
		}
		if f[0] == "add" && t.tried["drop "+f[1]+" "+f[2]] {
			continue
		}
		if f[0] == "text" && inADraft(all, f[2]) {
			continue
		}
		return op + " was acknowledged and is lost"
	}
	return ""
}

func inADraft(all map[string]dumped, token string) bool {
	for _, d := range all {
		if slices.Contains(strings.Fields(d.Text), token) {
			return true
		}
	}
	return false
}

// forget drops what is over, so that a long test stays fast.
func (t *truth) forget(now map[string]dumped) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range []map[string]bool{t.tried, t.acked} {
		for op := range m {
			f := strings.Fields(op)
			if f[0] == "take" || f[0] == "send" || len(f) == 3 && now[f[1]].ID == "" {
				delete(m, op)
			}
		}
	}
}

// TestKill kills one end, or both, in the middle of what they do, with SIGKILL,
// starts it again, and looks whether anything was lost, doubled or owned twice.
// How long it took until all sessions were back is told, not judged. More of
// it: go test -run TestKill -trials 1000 -timeout 1h.
func TestKill(t *testing.T) {
	n := *trials
	if testing.Short() {
		n = min(n, 5)
	}
	tr := &truth{tried: map[string]bool{}, acked: map[string]bool{}, owner: map[string]string{}}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	car := &end{t: t, truth: tr, c: workerConfig{Role: "car", Data: t.TempDir(), Listen: "127.0.0.1:0"}}
	phone := &end{t: t, truth: tr, c: workerConfig{Role: "phone", Data: t.TempDir(), Listen: "127.0.0.1:0"}}
	car.launch()
	phone.launch()
	t.Cleanup(func() { car.kill(); phone.kill() })
	qr := strings.TrimPrefix(car.command("qr"), "qr ")
	phone.command("pair " + qr)
	seed(t, tr, car)
	var backs, insides []time.Duration
	for trial := range n {
		for _, e := range []*end{car, phone} {
			_, err := io.WriteString(e.in, "work\n")
			must(t, err)
		}
		time.Sleep(time.Duration(random.IntN(150)+10) * time.Millisecond) // a random moment is what this test is about
		victims := [][]*end{{car}, {phone}, {car, phone}}[min(2, random.IntN(5)/2)]
		for _, e := range victims {
			e.kill()
		}
		for _, e := range []*end{car, phone} {
			if !slices.Contains(victims, e) {
				e.command("rest") // before it is said what must come back
			}
		}
		for _, e := range victims {
			e.c.Seed = random.Uint64()
			e.c.Want = tr.sure()
			e.launch()
		}
		for _, e := range victims {
			e.waitBack()
			if len(victims) == 1 {
				backs = append(backs, e.took)
				insides = append(insides, time.Duration(e.inside*float64(time.Millisecond)))
			}
		}
		if wrong := agree(tr, car, phone); wrong != "" {
			t.Fatalf("trial %d, killed %d ends, the first %s: %s", trial, len(victims), victims[0].c.Role, wrong)
		}
		if (trial+1)%100 == 0 {
			t.Logf("%d trials, %d operations", trial+1, tr.ops)
		}
	}
	slices.Sort(backs)
	slices.Sort(insides)
	if len(backs) > 0 {
		at := func(d []time.Duration, q float64) time.Duration {
			return d[int(q*float64(len(d)-1))].Round(time.Millisecond)
		}
		t.Logf("%d trials, %d operations acknowledged; one end killed: all sessions back after p50 %s, p95 %s, most %s; from main on %s, %s, %s",
			n, tr.ops, at(backs, 0.5), at(backs, 0.95), at(backs, 1), at(insides, 0.5), at(insides, 0.95), at(insides, 1))
	}
}

// seed opens the first sessions.
func seed(t *testing.T, tr *truth, e *end) {
	_, err := io.WriteString(e.in, "seed\n")
	must(t, err)
	if got := e.answer("seed"); got != "done" {
		t.Fatalf("seed: got %q", got)
	}
}

// agree waits until both ends agree with each other and with the truth; else it
// says what is wrong.
func agree(tr *truth, car, phone *end) (wrong string) {
	for late := time.Now().Add(3 * patience); time.Now().Before(late); {
		a, b := car.sessions(), phone.sessions()
		if wrong = tr.check(a, b); wrong == "" {
			tr.forget(a)
			return ""
		}
		if strings.Contains(wrong, "owned by both") {
			break
		}
	}
	return wrong
}
