// Package attacks tests the whole boundary in real browsers, from a page that
// is hostile to the Go handlers that it is after. It has no code to import.
//
// Each test starts an app on loopback whose page is one of the scripts in
// testdata/pages, and a second site, "evil", on ports of its own. The scripts
// are what a compromised package would be: they run in the page, with all that
// the page may do, and try one attack after the other. What a script says of
// its success is only half of a verdict. The other half is what the tests see
// themselves: which handlers ran and with what, what the gate counted, every
// request and response of the app's hosts, and what arrived at the evil site.
//
// The tests need Chromium and Firefox, both. Where one is missing they leave it
// out, and fail if SALLYPORT_REQUIRE_BROWSERS is set, as scripts/test does.
package attacks
