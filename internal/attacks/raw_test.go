package attacks

import (
	"io"
	"net/http"
)

// A request is what a program that is no browser sends: any header it likes.
type request struct {
	method string // GET if empty
	url    string
	host   string // another Host than the URL's
	header map[string]string
	body   io.Reader
}

// The headers of what a browser does.
var (
	navigation = map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
	framing    = map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
)

// with is a copy of headers with one more, or with one less if value is "".
func with(headers map[string]string, name, value string) map[string]string {
	all := map[string]string{name: value}
	for n, v := range headers {
		if n != name {
			all[n] = v
		}
	}
	if value == "" {
		delete(all, name)
	}
	return all
}

// send makes a request and reads its answer.
func (l *lab) send(r request) (*http.Response, []byte) {
	l.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	req, err := http.NewRequest(r.method, r.url, r.body)
	if err != nil {
		l.t.Error(err)
		return &http.Response{}, nil
	}
	if r.host != "" {
		req.Host = r.host
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	response, err := l.raw.Do(req)
	if err != nil {
		l.t.Error(err)
		return &http.Response{}, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Error(err)
	}
	return response, body
}

// cookie redeems a launch as a browser would.
func (l *lab) cookie(label string) string {
	l.t.Helper()
	launch, err := l.app.Gate().LaunchURL(label)
	if err != nil {
		l.t.Error(err)
		return ""
	}
	response, _ := l.send(request{url: launch, header: navigation})
	for _, c := range response.Cookies() {
		return c.Name + "=" + c.Value
	}
	l.t.Errorf("the launch of %s was answered %s without a cookie", label, response.Status)
	return ""
}

// freshFrame loads a page as a browser would and returns the address of its
// frame's document, unused.
func (l *lab) freshFrame(label string) string {
	l.t.Helper()
	_, body := l.send(request{url: l.origins[label] + "/", header: with(navigation, "Cookie", l.cookie(label))})
	config, ok := element[struct{ Frame string }](body, "sallyport-page")
	if !ok || config.Frame == "" {
		l.t.Error("the page has no frame")
	}
	return config.Frame
}
