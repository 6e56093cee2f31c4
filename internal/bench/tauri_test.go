package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// TestTheTauriLikeCoreOpensWhatItAnswers sends what the page's frame would.
func TestTheTauriLikeCoreOpensWhatItAnswers(t *testing.T) {
	core, err := newTauriLike("http://127.0.0.1:1/ipc/")
	if err != nil {
		t.Fatal(err)
	}
	nonce := bytes.Repeat([]byte{7}, 12)
	sealed := core.aead.Seal(nil, nonce, []byte(`{"text":"hello"}`), nil)
	forged := bytes.Clone(sealed)
	forged[0] ^= 1
	for _, c := range []struct {
		name, contentType string
		nonce, payload    []byte
		status            int
		answer            string
	}{
		{"arguments in JSON", "application/json", nonce, sealed, http.StatusOK, `{"text":"hello"}`},
		{"bytes", "application/octet-stream", nonce, sealed, http.StatusOK, `{"text":"hello"}`},
		{"a forgery", "application/json", nonce, forged, http.StatusBadRequest, "bad call\n"},
		{"a nonce too short", "application/json", nonce[1:], sealed, http.StatusBadRequest, "bad call\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := fmt.Sprintf(`{"nonce":%s,"payload":%s,"contentType":%q}`, numbers(c.nonce), numbers(c.payload), c.contentType)
			w := httptest.NewRecorder()
			core.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/ipc/bench.echo", strings.NewReader(body)))
			if w.Code != c.status || w.Body.String() != c.answer {
				t.Errorf("got %d, %q", w.Code, w.Body)
			}
			if ok := w.Header().Get("Tauri-Response") == "ok" && w.Header().Get("Content-Type") == c.contentType; ok != (c.status == http.StatusOK) {
				t.Errorf("got the headers %v", w.Header())
			}
		})
	}
}

// numbers is how JSON.stringify writes a list of bytes.
func numbers(of []byte) string { return strings.ReplaceAll(fmt.Sprint(of), " ", ",") }

func TestListsOfNumbersAreBytes(t *testing.T) {
	for text, want := range map[string][]byte{
		`[]`:            {},
		`[0]`:           {0},
		`[0,255,10]`:    {0, 255, 10},
		`[256]`:         nil,
		`[1,2560]`:      nil,
		`[-1]`:          nil,
		`[1.5]`:         nil,
		`["a"]`:         nil,
		`[[1]]`:         nil,
		`{"0":1}`:       nil,
		`"text"`:        nil,
		`12`:            nil,
		`[1,]`:          nil,
		`[1000000,1e3]`: nil,
	} {
		var got octets
		if err := json.Unmarshal([]byte(text), &got); (err == nil) != (want != nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}
