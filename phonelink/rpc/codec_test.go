package rpc_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/rpc"
)

// methods are the types of package phonelink that have an unexported method:
// the members of a sealed interface.
func methods(t *testing.T, method string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == method {
				if id, ok := fn.Recv.List[0].Type.(*ast.Ident); ok {
					out[id.Name] = true
				}
			}
		}
	}
	if len(out) < 10 {
		t.Fatalf("got %d types with the method %s", len(out), method)
	}
	return out
}

// TestAllKinds holds the tables to the package: a request or an operation that
// is added there must be added here.
func TestAllKinds(t *testing.T) {
	for name := range methods(t, "request") {
		if rpc.Requests[name] == nil {
			t.Errorf("request %s is not in the table: add it to codec.go", name)
		}
	}
	for name := range methods(t, "act") {
		if rpc.Actions[name] == nil {
			t.Errorf("action %s is not in the table: add it to codec.go", name)
		}
	}
}

// filler fills values of any type with something that is not zero.
type filler struct{ *rand.Rand }

var docs = []phonelink.Document{
	&phonelink.MediaDoc{}, &phonelink.NavigationDoc{}, &phonelink.CallDoc{}, &phonelink.DraftDoc{},
	&phonelink.PageDoc{}, &phonelink.ClipboardDoc{}, &phonelink.FileDoc{}, &phonelink.SceneDoc{},
}

func (f filler) fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(f.Int64N(4e9), f.Int64N(1e9)).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1 + f.Int64N(100))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1 + f.Uint64N(100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f.Float64())
	case reflect.String:
		v.SetString(fmt.Sprintf("grün %d", f.IntN(1000)))
	case reflect.Slice:
		s := reflect.MakeSlice(v.Type(), 2, 2)
		for i := range 2 {
			f.fill(s.Index(i))
		}
		v.Set(s)
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		f.fill(p.Elem())
		v.Set(p)
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Interface:
		switch v.Type() {
		case reflect.TypeFor[phonelink.Document]():
			d := reflect.New(reflect.TypeOf(docs[f.IntN(len(docs))]).Elem())
			f.fill(d.Elem())
			v.Set(d)
		case reflect.TypeFor[phonelink.Action]():
			for _, t := range rpc.Actions { // any
				a := reflect.New(t).Elem()
				f.fill(a)
				v.Set(a)
				return
			}
		default:
			panic("interface " + v.Type().String())
		}
	default:
		panic("kind " + v.Kind().String())
	}
}

func newFiller(seed uint64) filler { return filler{rand.New(rand.NewPCG(seed, 1))} }

// TestRoundTrip: every request, and views with every field, come out as they
// went in.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		f := newFiller(seed)
		for name, typ := range rpc.Requests {
			v := reflect.New(typ).Elem()
			f.fill(v)
			request := v.Interface().(phonelink.Request)
			n, body, err := rpc.EncodeRequest(request)
			if err != nil || n != name {
				t.Fatalf("%s: %q, %v", name, n, err)
			}
			back, err := rpc.DecodeRequest(n, body)
			if err != nil || !reflect.DeepEqual(back, request) {
				t.Errorf("%s: got %+v, %v\nwant %+v", name, back, err, request)
			}
		}
		for _, typ := range rpc.Actions {
			a := reflect.New(typ).Elem()
			f.fill(a)
			request := phonelink.Edit{Op: phonelink.Op{Act: a.Interface().(phonelink.Action)}}
			n, body, err := rpc.EncodeRequest(request)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := rpc.DecodeRequest(n, body); err != nil || !reflect.DeepEqual(back, request) {
				t.Errorf("got %+v, %v\nwant %+v", back, err, request)
			}
		}
		want := filledView(seed)
		b, err := rpc.EncodeView(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rpc.DecodeView(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func filledView(seed uint64) *phonelink.View {
	v := new(phonelink.View)
	newFiller(seed).fill(reflect.ValueOf(v).Elem())
	return v
}

func TestEmptyView(t *testing.T) {
	b, err := rpc.EncodeView(&phonelink.View{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rpc.DecodeView(b)
	if err != nil || got.Pairing != nil || len(got.Sessions) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	n, body, err := rpc.EncodeRequest(phonelink.Open{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := rpc.DecodeRequest(n, body); err != nil || r.(phonelink.Open).Session.Doc != nil {
		t.Errorf("got %+v, %v, want no document", r, err)
	}
}

func TestCodecRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"NoSuch": "\xa0",
		"Take":   "\x80",
		"Open":   "\xa2\x63Doc\xa1\x64Kind\x18\x63\x67Session\xa0", // kind 99
		"Edit":   "\xa1\x64Name\x66NoSuch",
		"Send":   "\xbf\xff",                     // indefinite length
		"End":    "\xc1\x00",                     // a tag
		"Cancel": "\x9b\xff\xff\xff\xff\xff\xff", // claims 2^64
	} {
		if r, err := rpc.DecodeRequest(name, []byte(body)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, r)
		}
	}
	if _, _, err := rpc.EncodeRequest(phonelink.Edit{}); err == nil {
		t.Error("an operation without an action is encoded")
	}
}

func FuzzCodec(f *testing.F) {
	for name, typ := range rpc.Requests {
		v := reflect.New(typ).Elem()
		newFiller(1).fill(v)
		if _, body, err := rpc.EncodeRequest(v.Interface().(phonelink.Request)); err == nil {
			f.Add(name, body)
		}
	}
	b, err := rpc.EncodeView(filledView(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", b)
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		if r, err := rpc.DecodeRequest(name, body); err == nil {
			if _, _, err := rpc.EncodeRequest(r); err != nil {
				t.Errorf("%s is read and not written: %v", name, err)
			}
		}
		if v, err := rpc.DecodeView(body); err == nil {
			if _, err := rpc.EncodeView(v); err != nil {
				t.Errorf("a view is read and not written: %v", err)
			}
		}
	})
}

// BenchmarkView is a view of 1,000 sessions from one process to the other.
func BenchmarkView(b *testing.B) {
	v := filledView(1)
	s := v.Sessions[0]
	v.Sessions = nil
	for range 1000 {
		v.Sessions = append(v.Sessions, s)
	}
	data, err := rpc.EncodeView(v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			rpc.EncodeView(v)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			rpc.DecodeView(data)
		}
	})
}
