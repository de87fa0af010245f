package agent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fleet/transport"
)

// fill sets every field that v has to something else than its zero, so that a field
// which is new and does not travel is found.
func fill(v reflect.Value, depth int) {
	switch {
	case v.Type() == reflect.TypeFor[transport.Secret]():
		v.Set(reflect.ValueOf(transport.NewSecret("se\xffcret")))
		return
	case !v.CanSet():
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("te\xffxt\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth)
	case reflect.Slice:
		if depth > 2 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth)
		}
	}
}

func same(a, b any) string {
	return cmp.Diff(a, b, cmp.Comparer(func(a, b transport.Secret) bool { return a.Reveal() == b.Reveal() }))
}

func TestEveryFieldOfATargetAndOfACommandTravels(t *testing.T) {
	r := request{op: opRun, stdin: true, place: true, token: "t"}
	fill(reflect.ValueOf(&r.target).Elem(), 0)
	fill(reflect.ValueOf(&r.command).Elem(), 0)
	var got request
	if err := decode(encode(nil, r.walk), got.walk); err != nil {
		t.Fatal(err)
	}
	if d := same(r.target, got.target); d != "" {
		t.Error(d)
	}
	if d := same(r.command, got.command); d != "" {
		t.Error(d)
	}
	if !got.stdin || got.stdout || !got.place || got.token != "t" {
		t.Errorf("got %+v", got)
	}
}

func TestFilesAreNamedFromTheRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	key, _ := filepath.Abs("key")
	shared := []string{"/a", "key", ""}
	target := transport.Target{Jump: []transport.Target{{Login: transport.Login{Identities: shared}}}}
	own := target
	absolute(&own)
	if got := own.Jump[0].Login.Identities; !slices.Equal(got, []string{"/a", key, ""}) {
		t.Errorf("got %q", got)
	}
	if shared[1] != "key" || target.Jump[0].Login.Identities[1] != "key" {
		t.Error("the caller's target was changed")
	}
}

func TestAMissingListIsToldFromAnEmptyOne(t *testing.T) {
	for _, methods := range [][]string{nil, {}, {"publickey"}} {
		r, got := request{}, request{}
		r.target.Login.Methods = methods
		if err := decode(encode(nil, r.walk), got.walk); err != nil || !reflect.DeepEqual(got.target.Login.Methods, methods) {
			t.Errorf("%#v: got %#v, %v", methods, got.target.Login.Methods, err)
		}
	}
}

func sent(t *testing.T, err error) error {
	t.Helper()
	var got error
	if bad := decode(encode(nil, func(x *codec) { x.failure(&err) }), func(x *codec) { x.failure(&got) }); bad != nil {
		t.Fatal(bad)
	}
	return got
}

func TestErrorsStayWhatTheyAre(t *testing.T) {
	host := &transport.Error{Op: "dial", Host: "a", Kind: transport.KindRefused, Err: fmt.Errorf("b: %w", transport.ErrNoForwarding), Hint: "c", Sent: true, Stopped: true}
	for _, err := range []error{
		nil, io.EOF, context.Canceled, errors.New("plain"), host, fmt.Errorf("around: %w", host),
		&transport.Error{Kind: transport.KindLost, Err: &transport.Error{Op: "login", Host: "jump", Kind: transport.KindAuth, Err: io.ErrUnexpectedEOF}},
	} {
		got := sent(t, err)
		if fmt.Sprint(got) != fmt.Sprint(err) || transport.KindOf(got) != transport.KindOf(err) || transport.SafeToRetry(got) != transport.SafeToRetry(err) {
			t.Errorf("%v: got %v of kind %q", err, got, transport.KindOf(got))
		}
		for _, mark := range marks() {
			if errors.Is(err, mark) != errors.Is(got, mark) {
				t.Errorf("%v: errors.Is(%v) is %v", err, mark, errors.Is(got, mark))
			}
		}
		var e *transport.Error
		if errors.As(err, &e) {
			var back *transport.Error
			if !errors.As(got, &back) || back.Op != e.Op || back.Host != e.Host || back.Hint != e.Hint || back.Sent != e.Sent || back.Stopped != e.Stopped {
				t.Errorf("%v: got %#v", err, back)
			}
		}
	}
	if any(sent(t, io.EOF)) != any(io.EOF) {
		t.Error("io.EOF is another error")
	}
}

func TestTheCallersCauseComesBack(t *testing.T) {
	mine := errors.New("the user has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(mine)
	for _, cause := range []*gaveUp{{transport.KindCanceled, mine.Error()}, {transport.KindTimeout, mine.Error()}} {
		err := withCause(ctx, sent(t, &transport.Error{Op: "run", Kind: cause.kind, Err: cause}))
		if !errors.Is(err, mine) || transport.KindOf(err) != cause.kind || err.Error() != "run: the user has left" {
			t.Errorf("got %v of kind %q", err, transport.KindOf(err))
		}
	}
}

func FuzzFrames(f *testing.F) {
	r := request{op: opRun}
	fill(reflect.ValueOf(&r.target).Elem(), 0)
	f.Add(appendFrame(nil, frameRequest, encode(nil, r.walk)))
	end := ended{err: &transport.Error{Err: io.EOF}}
	f.Add(appendFrame(nil, frameEnd, encode(nil, end.walk)))
	f.Add(appendFrame(nil, frameQuestion, encode(nil, (&question{q: transport.Question{Text: "?"}}).walk)))
	f.Add([]byte{1, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		fr := newFramer(nil, bufio.NewReader(bytes.NewReader(data)))
		for {
			_, p, err := fr.read(maxFrame)
			if err != nil {
				return
			}
			var r, again request
			if decode(p, r.walk) == nil {
				if err := decode(encode(nil, r.walk), again.walk); err != nil || same(r.target, again.target) != "" {
					t.Errorf("a request is another after its way: %v", err)
				}
			}
			for _, walk := range []func(*codec){(&ended{}).walk, (&gaveUp{}).walk, (&question{}).walk, (&answer{}).walk, (&notice{}).walk} {
				_ = decode(p, walk)
			}
		}
	})
}

func TestAnInflowHoldsNoMoreThanItsCredit(t *testing.T) {
	granted := 0
	in := newInflow(func(n int) { granted += n })
	if !in.put(make([]byte, window)) || in.put([]byte{1}) {
		t.Fatal("the window is not what was said")
	}
	in = newInflow(func(n int) { granted += n })
	for range 10 {
		if !in.put(make([]byte, window)) {
			t.Fatal("credit was given, and is not taken")
		}
		if n, err := io.ReadFull(in, make([]byte, window)); n != window || err != nil {
			t.Fatal(n, err)
		}
	}
	if granted != 10*window || cap(in.held) > 2*window {
		t.Errorf("granted %d, and holds %d", granted, cap(in.held))
	}
	in.end(io.EOF)
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	_ = in.Close()
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestCreditIsWaitedFor(t *testing.T) {
	c := newCredit()
	if n := c.take(2 * window); n != window {
		t.Errorf("took %d", n)
	}
	took := make(chan int)
	go func() { // ends when there is credit
		took <- c.take(10)
		took <- c.take(10)
	}()
	c.add(7)
	if n := <-took; n != 7 {
		t.Errorf("took %d", n)
	}
	c.end()
	select {
	case n := <-took:
		if n != 0 {
			t.Errorf("took %d after the end", n)
		}
	case <-time.After(time.Minute):
		t.Error("it waits for credit after the end")
	}
}

func TestMoreCreditThanTheWindowIsNotTaken(t *testing.T) {
	c := newCredit()
	c.add(math.MaxInt)
	if n := c.take(2 * window); n != window {
		t.Errorf("took %d", n)
	}
	k := &call{credit: c}
	n := -1
	if _, err := k.aside(frameCredit, encode(nil, func(x *codec) { x.integer(&n) })); err == nil {
		t.Error("credit was taken back")
	}
}

func TestATextIsItsOwn(t *testing.T) {
	r, got := request{op: opRun}, request{}
	r.target.Name, r.command.Script = "web1", "secret"
	p := encode(nil, r.walk)
	if err := decode(p, got.walk); err != nil {
		t.Fatal(err)
	}
	clear(p)
	if got.target.Name != "web1" || got.command.Script != "secret" {
		t.Errorf("what was read is part of the frame: %q, %q", got.target.Name, got.command.Script)
	}
}

func TestAMessageListsNoMoreThanItMay(t *testing.T) {
	many := maxListed
	p := encode(nil, func(x *codec) { x.integer(&many) })
	p = append(p, make([]byte, many)...)
	p = append(p, encode(nil, func(x *codec) { x.texts(&[]string{""}) })...)
	var a, b []string
	err := decode(p, func(x *codec) {
		x.texts(&a)
		x.texts(&b)
	})
	if err == nil || len(a) != many {
		t.Errorf("got %d and %d texts, %v", len(a), len(b), err)
	}
}

func TestAFrameTakesTheMemoryOfWhatHasArrived(t *testing.T) {
	f := newFramer(nil, bufio.NewReader(bytes.NewReader([]byte{1, 0x03, 0xff, 0xff, 0xff, 'x'})))
	if _, _, err := f.read(maxRequest); !errors.Is(err, io.ErrUnexpectedEOF) || cap(f.buf) > 2*maxFrame {
		t.Errorf("got %v with a buffer of %d", err, cap(f.buf))
	}
	want := bytes.Repeat([]byte("0123456789"), maxFrame/4)
	f = newFramer(nil, bufio.NewReader(bytes.NewReader(appendFrame(nil, frameRequest, want))))
	if _, p, err := f.read(maxRequest); err != nil || !bytes.Equal(p, want) {
		t.Errorf("got %d bytes, %v", len(p), err)
	}
}
