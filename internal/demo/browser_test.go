package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
)

// installed finds a browser for a test. A machine without one can't run the
// test; where browsers are promised, SALLYPORT_REQUIRE_BROWSERS makes that a
// failure.
func installed(t *testing.T, name string) browser.Browser {
	t.Helper()
	b, err := browser.Find(name)
	if errors.Is(err, browser.ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryAttackIsStopped(t *testing.T) {
	for _, name := range []string{browser.Chromium, browser.Firefox} {
		t.Run(name, func(t *testing.T) {
			b := installed(t, name)
			ctx, cancel := context.WithTimeout(context.Background(), 80*time.Second)
			defer cancel()
			var process *browser.Process
			report, err := Run(ctx, Config{Browser: name, Auto: true, Open: func(ctx context.Context, file string) (err error) {
				process, err = b.Open(ctx, file, browser.Options{Headless: true})
				return err
			}})
			if process != nil {
				defer process.Close()
			}
			if err != nil {
				t.Fatalf("%v; the browser wrote:\n%s", err, process.Stderr())
			}
			for _, problem := range report.Problems() {
				t.Error(problem)
			}
			if !report.Passed || report.Browser != name {
				t.Errorf("%+v", report)
			}
		})
	}
}

// show shows the demo in a browser that the test drives, until the test ends.
func show(t *testing.T, name string) (*remote, <-chan Report) {
	t.Helper()
	b := installed(t, name)
	reports, opened, over := make(chan Report, 2), make(chan *browser.Process, 1), make(chan error, 1)
	open := func(ctx context.Context, file string) error {
		process, err := openRemote(ctx, t, b, file)
		if err == nil {
			opened <- process
		}
		return err
	}
	go func() {
		_, err := Run(t.Context(), Config{Browser: name, Open: open, Finished: func(r Report) { reports <- r }})
		over <- err
	}()
	t.Cleanup(func() {
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	select {
	case process := <-opened:
		t.Cleanup(func() { process.Close() })
		r := connect(t, process)
		r.until("the page is ready", func() bool { return r.evaluate(`document.querySelector("#run:not([disabled])") ? "yes" : ""`) == "yes" })
		return r, reports
	case err := <-over:
		over <- nil
		t.Fatal(err)
		return nil, nil
	}
}

// await waits for one run's report.
func await(t *testing.T, r *remote, reports <-chan Report) {
	t.Helper()
	select {
	case report := <-reports:
		for _, problem := range report.Problems() {
			t.Error(problem)
		}
	case <-time.After(60 * time.Second):
		t.Fatalf("no report; the page says %q", r.evaluate(`document.getElementById("status").textContent`))
	}
	r.until("the button can be pressed again", func() bool { return r.evaluate(`document.getElementById("run").textContent`) == "Run again" })
}

// A user without a mouse runs it, runs it again, and goes to the rule that
// denied a call; what the attack opened is closed by then.
func TestTheKeyboardIsEnough(t *testing.T) {
	for _, name := range []string{browser.Chromium, browser.Firefox} {
		t.Run(name, func(t *testing.T) {
			r, reports := show(t, name)
			r.press("Tab")
			for _, label := range []string{"Run all attacks", "Run again"} {
				if focused := r.evaluate(`document.activeElement.id && document.activeElement.textContent`); focused != label {
					t.Fatalf("the focus is on %q; want %q", focused, label)
				}
				r.press("Enter")
				await(t, r, reports)
			}
			r.press("Tab")
			r.press("Enter")
			const marked = `[...document.querySelectorAll("#policy[open] .rule")].map((line) => line.id).join()`
			if got := r.evaluate(marked); got != "rule-22" {
				t.Errorf("the first rule is marked at %q", got)
			}
			r.evaluate(`document.querySelectorAll(".by a")[1].click(), ""`)
			if got := r.evaluate(marked); got != "rule-17,rule-18,rule-19,rule-20" {
				t.Errorf("the second rule is marked at %q", got)
			}
			r.until("the page is alone", func() bool { return len(r.pages()) == 1 })
		})
	}
}

// faint lists the texts of the page that stand out too little against what is
// behind them, by the measure of WCAG 2 (AA); the first word is the ground.
const faint = `(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((v, i) => v * a + below[i] * (1 - a));
  const ground = (element) => element ? over(parse(getComputedStyle(element).backgroundColor), ground(element.parentElement)) : [255, 255, 255];
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const found = [String(ground(document.body).map(Math.round))];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest(".hidden") || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const below = ground(element), style = getComputedStyle(element);
    const [a, b] = [light(over(parse(style.color), below)), light(below)];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05), size = parseFloat(style.fontSize);
    if (contrast < (size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5)) found.push(element.textContent.slice(0, 30) + " " + contrast.toFixed(2));
  }
  return found.join("; ");
})()`

func TestTheStatusSaysHowFarItIs(t *testing.T) {
	r, reports := show(t, browser.Chromium)
	r.evaluate(`(() => {
		const status = document.getElementById("status");
		window.said = [];
		new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
		document.getElementById("run").click();
		return "";
	})()`)
	await(t, r, reports)
	said := strings.Split(r.evaluate(`said.join("\n")`), "\n")
	for i, a := range attacks() {
		if want := fmt.Sprintf("Attack %d of %d: %s", i+1, len(attacks()), a.name); !slices.Contains(said, want) {
			t.Errorf("it never said %q, but %q", want, said)
		}
	}
	if last := said[len(said)-1]; !strings.HasPrefix(last, "Every attack was stopped by Sallyport. 11 of 11 executed") {
		t.Errorf("it ended with %q", last)
	}
}

func TestBothColourSchemesCanBeRead(t *testing.T) {
	r, reports := show(t, browser.Chromium)
	r.evaluate(`document.getElementById("run").click(), ""`)
	await(t, r, reports)
	r.evaluate(`document.querySelectorAll(".by a")[1].click(), ""`)
	grounds := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		r.prefer(scheme)
		r.until("nothing changes colour any more", func() bool { return r.evaluate(`String(document.getAnimations().length)`) == "0" })
		ground, found, _ := strings.Cut(r.evaluate(faint), "; ")
		if found != "" {
			t.Errorf("%s: %s", scheme, found)
		}
		grounds[ground] = true
	}
	if len(grounds) != 2 {
		t.Errorf("both schemes have the ground %v", grounds)
	}
}
