package isolation

import (
	"reflect"
	"testing"
	"testing/fstest"
)

// lists finds every list below v, by name.
func lists(v reflect.Value, name string, found map[string]reflect.Value) map[string]reflect.Value {
	for i := range v.NumField() {
		f, of := v.Field(i), name+v.Type().Field(i).Name
		switch f.Kind() {
		case reflect.Struct:
			lists(f, of+".", found)
		case reflect.Slice:
			found[of] = f
		}
	}
	return found
}

func TestACloneSharesNoList(t *testing.T) {
	var w Window
	own := lists(reflect.ValueOf(&w).Elem(), "", map[string]reflect.Value{})
	for _, list := range own {
		list.Set(reflect.MakeSlice(list.Type(), 1, 1))
	}
	clone := w.Clone()
	if len(own) == 0 || !reflect.DeepEqual(clone, w) {
		t.Errorf("%d lists; the clone is %+v", len(own), clone)
	}
	for name, list := range lists(reflect.ValueOf(&clone).Elem(), "", map[string]reflect.Value{}) {
		if list.Pointer() == own[name].Pointer() {
			t.Errorf("%s is shared", name)
		}
	}
}

// What New passed is what is served, whatever the caller does to its lists.
func TestAPolicyCanNotChangeAfterItWasChecked(t *testing.T) {
	hosts, carriers, script := []string{"https://api.example.org"}, []Carrier{Direct}, []byte("client()")
	g, err := New(Config{
		FrameOrigin: "https://frame.example",
		Windows: []Window{{
			Label: "main", Origin: "https://main.example", Carriers: carriers, Policy: PagePolicy{ConnectSrc: hosts},
			Page: fstest.MapFS{"index.html": {Data: []byte("<p>")}},
		}},
		Hook: []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("frame()"), ClientScript: script,
	}, new(quiet))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	hosts[0], carriers[0], script[0] = "*; script-src *", Relay, 'x'
	w := g.windows["main"]
	if got := w.Policy.ConnectSrc[0]; got != "https://api.example.org" {
		t.Errorf("the policy has %q", got)
	}
	if got := g.pages.pages["main"].policy.ConnectSrc[0]; got != "https://api.example.org" {
		t.Errorf("the page is served with %q", got)
	}
	if w.Carriers[0] != Direct || w.carriers[0] != Direct {
		t.Error("the window has got another carrier")
	}
	if string(g.pages.client["client.js"]) != "client()" {
		t.Error("the client has changed")
	}
}
