package attacks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
	"github.com/sallyport/sallyport/isolation"
)

var engines = []string{browser.Chromium, browser.Firefox}

// shared holds the one browser of each engine that most tests open their tabs
// in: a start costs seconds. It is the package's only variable state.
var shared = fleet{drivers: map[string]*driver{}}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "attacks:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// inBrowsers runs a test once in each engine, with the engine's shared browser.
func inBrowsers(t *testing.T, run func(t *testing.T, d *driver)) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			run(t, shared.driver(t, engine))
		})
	}
}

// A fleet starts each engine once.
type fleet struct {
	mu      sync.Mutex
	drivers map[string]*driver
}

func (f *fleet) driver(t *testing.T, engine string) *driver {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.drivers[engine] == nil {
		f.drivers[engine] = startDriver(t, engine)
	}
	return f.drivers[engine]
}

func (f *fleet) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var problems []error
	for _, d := range f.drivers {
		problems = append(problems, d.close())
	}
	return errors.Join(problems...)
}

// A driver is a browser with one page of ours that opens tabs on our word:
// what takes the place of a debugging protocol. Its page is a site of its own
// and knows nothing of the apps but the addresses that it is given.
type driver struct {
	engine  string
	process *browser.Process
	folder  string
	site    *isolation.Loopback
	orders  chan string
}

// startDriver starts the browser. A machine without one can't; where browsers
// are promised, SALLYPORT_REQUIRE_BROWSERS makes that a failure.
func startDriver(t *testing.T, engine string) *driver {
	t.Helper()
	found, err := browser.Find(engine)
	if errors.Is(err, browser.ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDriver(found)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newDriver(found browser.Browser) (d *driver, err error) {
	d = &driver{engine: found.Name, orders: make(chan string, 64)}
	if d.folder, err = os.MkdirTemp("", "sallyport-attacks-"); err != nil {
		return nil, err
	}
	if d.site, err = isolation.ListenLoopback(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	go d.site.Serve(d, http.NotFoundHandler(), nil)
	origin, err := d.site.PageOrigin("driver")
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := d.start(found, origin+"/"); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// start opens the browser by way of a script that adds what package browser
// has no option for: popups without a click, timers that run in tabs behind
// others, fetching ahead, which it forbids Firefox, and the process's number
// for whoever wants to kill it.
func (d *driver) start(found browser.Browser, address string) error {
	file, remove, err := isolation.WriteLaunchFile(d.folder, address)
	if err != nil {
		return err
	}
	defer remove()
	text := "#!/bin/sh\necho $$ >\"$LAB_FOLDER/pid\"\n"
	switch d.engine {
	case browser.Chromium:
		text += `exec "$LAB_BROWSER" --disable-popup-blocking --disable-background-timer-throttling --disable-renderer-backgrounding --disable-backgrounding-occluded-windows "$@"`
	case browser.Firefox:
		text += `previous=
for word; do
	[ "$previous" = --profile ] && cat "$LAB_FOLDER/user.js" >>"$word/user.js"
	previous=$word
done
exec "$LAB_BROWSER" "$@"`
	}
	const prefs = `user_pref("dom.disable_open_during_load", false);
user_pref("dom.popup_maximum", 10000);
user_pref("dom.allow_scripts_to_close_windows", true);
user_pref("dom.min_background_timeout_value", 4);
user_pref("dom.timeout.enable_budget_timer_throttling", false);
user_pref("dom.ipc.processPrelaunch.enabled", false);
user_pref("network.prefetch-next", true);
`
	script := filepath.Join(d.folder, d.engine)
	if err := errors.Join(
		os.WriteFile(script, []byte(text+"\n"), 0o700),
		os.WriteFile(filepath.Join(d.folder, "user.js"), []byte(prefs), 0o600),
	); err != nil {
		return err
	}
	wrapped := browser.Browser{Name: found.Name, Path: script}
	d.process, err = wrapped.Open(context.Background(), file, browser.Options{
		Headless: true,
		Env:      []string{"LAB_BROWSER=" + found.Path, "LAB_FOLDER=" + d.folder},
	})
	return err
}

// pid is the browser's main process, the leader of its group.
func (d *driver) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(d.folder, "pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// open opens a tab.
func (d *driver) open(address string) { d.orders <- address }

func (d *driver) close() error {
	var problems []error
	if d.process != nil {
		problems = append(problems, d.process.Close())
	}
	if d.site != nil {
		problems = append(problems, d.site.Close())
	}
	return errors.Join(append(problems, os.RemoveAll(d.folder))...)
}

const driverPage = `<!doctype html>
<meta charset="utf-8">
<title>Driver</title>
<script>
(async () => {
  for (;;) {
    const order = await fetch("/order", { method: "POST" }).then((r) => r.text()).catch(() => "");
    if (order !== "") window.open(order, "_blank", "noopener");
    else await new Promise((done) => setTimeout(done, 100));
  }
})();
</script>
`

// ServeHTTP is the driver's own site.
func (d *driver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/order" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, driverPage)
		return
	}
	select {
	case order := <-d.orders:
		fmt.Fprint(w, order)
	case <-time.After(10 * time.Second):
	case <-r.Context().Done():
	}
}
