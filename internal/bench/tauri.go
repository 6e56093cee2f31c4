package bench

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	_ "embed" // the frame's script
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed page/tauri-frame.js
var tauriFrame string

// A tauriPage is what the page needs to call as Tauri's isolation pattern does.
type tauriPage struct {
	URL   string `json:"url"`
	Frame string `json:"frame"` // the script of the isolation frame
	Key   []int  `json:"key"`   // as Tauri writes it into its frame
}

// A tauriLike is the other end of page/tauri.js: as much of Tauri's core as a
// call needs to be opened, run and answered. It checks nothing that costs time,
// and is as quick as Go allows: what is compared is the way there.
type tauriLike struct {
	page tauriPage
	aead cipher.AEAD
}

func newTauriLike(url string) (*tauriLike, error) {
	var key [32]byte
	rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	t := &tauriLike{page: tauriPage{URL: url, Frame: tauriFrame}, aead: aead}
	for _, b := range key {
		t.page.Key = append(t.page.Key, int(b))
	}
	return t, nil
}

// ServeHTTP answers one call. The page's origin is another, as it is for
// Tauri's own scheme, so the browser asks first, and keeps the answer for some
// seconds.
func (t *tauriLike) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Tauri-Response")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Headers", "*")
		return
	}
	answer, contentType, err := t.answer(r)
	if err != nil {
		http.Error(w, "bad call", http.StatusBadRequest)
		return
	}
	h.Set("Tauri-Response", "ok")
	h.Set("Content-Type", contentType)
	_, _ = w.Write(answer) // a page that is gone needs none
}

func (t *tauriLike) answer(r *http.Request) (answer []byte, contentType string, err error) {
	body, err := readBody(r)
	if err != nil {
		return nil, "", err
	}
	var sealed struct {
		Nonce       octets `json:"nonce"`
		Payload     octets `json:"payload"`
		ContentType string `json:"contentType"`
	}
	if err := json.Unmarshal(body, &sealed); err != nil {
		return nil, "", err
	}
	if len(sealed.Nonce) != t.aead.NonceSize() {
		return nil, "", errors.New("bench: the nonce has another size")
	}
	plain, err := t.aead.Open(sealed.Payload[:0], sealed.Nonce, sealed.Payload, nil)
	if err != nil || sealed.ContentType != "application/json" {
		return plain, "application/octet-stream", err
	}
	var args text
	if err := json.Unmarshal(plain, &args); err != nil {
		return nil, "", err
	}
	answer, err = json.Marshal(args)
	return answer, "application/json", err
}

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > maxMessage {
		return nil, errors.New("bench: a body without its size, or too large")
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// octets are bytes that stand in JSON as a list of numbers.
type octets []byte

var errOctets = errors.New("bench: not a list of bytes")

// UnmarshalJSONFrom reads the list in one go: by json's own means each number
// would cost a look at its type.
func (o *octets) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	list, err := from.ReadValue()
	if err != nil || len(list) < 2 || list[0] != '[' {
		return errors.Join(errOctets, err)
	}
	*o = make([]byte, 0, len(list)/3)
	n, digits := 0, false
	for _, c := range list[1:] {
		switch {
		case c >= '0' && c <= '9' && n < 256:
			n, digits = 10*n+int(c-'0'), true
		case (c == ',' || c == ']') && n < 256 && digits:
			*o = append(*o, byte(n))
			n, digits = 0, false
		case c == ']' && len(*o) == 0 && !digits:
		default:
			return errOctets
		}
	}
	return nil
}
