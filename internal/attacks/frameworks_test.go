package attacks

import (
	"testing"

	"github.com/sallyport/sallyport/isolation"
)

// Pages of three frameworks work under the page's policy, each with exactly
// the Trusted Types policies that it needs. frameworks/build.mjs builds them.
func TestFrameworks(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		for name, types := range map[string][]string{
			"react":  nil,
			"vue":    {"vue"},
			"svelte": {"svelte-trusted-html"},
		} {
			t.Run(name, func(t *testing.T) {
				l := newLab(t, d, options{script: "framework", bundle: name, policy: isolation.PagePolicy{TrustedTypes: types}})
				l.hold(t, l.visit("main"), verdict{"it renders and calls", "C1", map[string]string{
					"heading": "Calls", "items": "3", "count": "counted", "markup": "bold", "echo": `{"text":"typed"}`, "vault": "hook_refused", "weight": "700", "problems": "",
				}, nil})
			})
		}
	})
}
