package isolation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxPolicyEntries bounds each list, so that the header stays a header.
const maxPolicyEntries = 64

// A PagePolicy says what a page may load beyond its own files. The zero value
// is the strictest: nothing but the page's own scripts, styles, pictures,
// fonts and media, no connection anywhere, no inline styles, no eval.
//
// Each entry is exactly one scheme://host[:port][/path] in the spelling of a
// Content-Security-Policy: lower case, no wildcard, no keyword, no query. A
// path that ends in "/" stands for all below it. The page demands a
// Cross-Origin-Resource-Policy header (or CORS) of what it loads from there.
type PagePolicy struct {
	ConnectSrc []string // http, https, ws, wss: fetch, WebSocket, EventSource, beacons
	ImgSrc     []string // http, https, or the words "data:" and "blob:"
	FontSrc    []string // http, https
	MediaSrc   []string // http, https: sound and film

	// TrustedTypes names the Trusted Types policies that scripts may create,
	// such as "vue", "svelte-trusted-html" or "lit-html"; React needs none.
	// Each may turn any text into markup, so list what you load, no more.
	TrustedTypes []string

	// InsecureStyleAttributes lets style attributes in markup apply, which Vue
	// and Svelte write for what is constant in a template. Scripts may always
	// set styles through the style property; React does no other.
	InsecureStyleAttributes bool
	// InsecureInlineStyles lets <style> elements and style attributes without
	// a nonce apply. Injected markup can then restyle the page, and read it by
	// selectors as far as ImgSrc and FontSrc reach.
	InsecureInlineStyles bool
	// InsecureEval lets strings be run as code, for template compilers in the
	// page. Trusted Types still want such a string to come from a policy.
	InsecureEval bool
	// InsecureWasm lets the page compile WebAssembly, which no hash or origin
	// check covers.
	InsecureWasm bool
	// InsecureDefaultTrustedType lets scripts create the policy "default",
	// which is asked about every string that any script assigns.
	InsecureDefaultTrustedType bool
	// InsecureFeatures gives back browser features that are denied otherwise,
	// by their Permissions-Policy names: "clipboard-write", "fullscreen", ….
	InsecureFeatures []string
}

// A PolicyError says which entry of a PagePolicy can't be used, and why.
type PolicyError struct {
	Window string // the label, where New found it
	Field  string // of PagePolicy
	Index  int    // in the field's list; -1 for the list as a whole
	Err    error  // quotes the entry
}

// Error implements error.
func (e *PolicyError) Error() string {
	at := e.Field
	if e.Index >= 0 {
		at = fmt.Sprintf("%s[%d]", e.Field, e.Index)
	}
	if e.Window != "" {
		return fmt.Sprintf("isolation: window %q: page policy: %s: %v", e.Window, at, e.Err)
	}
	return fmt.Sprintf("isolation: page policy: %s: %v", at, e.Err)
}

// Unwrap returns Err.
func (e *PolicyError) Unwrap() error { return e.Err }

// Validate reports the first entry that is not exact, or that would open one
// of our own hosts or ports to the page: own are the origins of all windows
// and of the frame documents. What it passed can't leave its directive. The
// error is a *PolicyError, unless one of own is no origin.
func (p PagePolicy) Validate(own ...string) error {
	ours := make([]origin, 0, len(own))
	for _, s := range own {
		o, err := parseOrigin(s)
		if err != nil {
			return err
		}
		ours = append(ours, o)
	}
	web := []string{"http", "https"}
	for _, field := range []struct {
		name    string
		entries []string
		schemes []string
		words   []string
	}{
		{"ConnectSrc", p.ConnectSrc, []string{"http", "https", "ws", "wss"}, nil},
		{"ImgSrc", p.ImgSrc, web, []string{"data:", "blob:"}},
		{"FontSrc", p.FontSrc, web, nil},
		{"MediaSrc", p.MediaSrc, web, nil},
	} {
		if err := checkCount(field.name, field.entries); err != nil {
			return err
		}
		for i, entry := range field.entries {
			if slices.Contains(field.words, entry) {
				continue
			}
			if err := checkSource(entry, field.schemes, ours); err != nil {
				return entryError(field.name, i, entry, err)
			}
		}
	}
	if err := checkCount("TrustedTypes", p.TrustedTypes); err != nil {
		return err
	}
	for i, name := range p.TrustedTypes {
		if err := checkTrustedType(name); err != nil {
			return entryError("TrustedTypes", i, name, err)
		}
	}
	for i, feature := range p.InsecureFeatures {
		if !slices.Contains(deniedFeatures[:], feature) {
			return entryError("InsecureFeatures", i, feature, fmt.Errorf("not one of the features that are denied: %s", strings.Join(deniedFeatures[:], ", ")))
		}
	}
	return nil
}

// loosened names the Insecure fields that are set, for start-up to list.
func (p PagePolicy) loosened() []string {
	var set []string
	for _, field := range []struct {
		name string
		on   bool
	}{
		{"InsecureStyleAttributes", p.InsecureStyleAttributes},
		{"InsecureInlineStyles", p.InsecureInlineStyles},
		{"InsecureEval", p.InsecureEval},
		{"InsecureWasm", p.InsecureWasm},
		{"InsecureDefaultTrustedType", p.InsecureDefaultTrustedType},
		{"InsecureFeatures", len(p.InsecureFeatures) > 0},
	} {
		if field.on {
			set = append(set, field.name)
		}
	}
	return set
}

func checkCount(field string, entries []string) error {
	if len(entries) > maxPolicyEntries {
		return &PolicyError{Field: field, Index: -1, Err: fmt.Errorf("%d entries, at most %d are allowed", len(entries), maxPolicyEntries)}
	}
	return nil
}

func entryError(field string, i int, entry string, err error) error {
	return &PolicyError{Field: field, Index: i, Err: fmt.Errorf("%q: %w", entry, err)}
}

// checkSource accepts scheme://host[:port][/path] alone. It is a grammar of
// what may stand there, not a list of what may not: a space, a semicolon or a
// comma would start another source, directive or policy.
func checkSource(entry string, schemes []string, own []origin) error {
	if strings.Contains(entry, "*") {
		return errors.New("wildcards are refused, name each host")
	}
	scheme, rest, ok := strings.Cut(entry, "://")
	if !ok || !slices.Contains(schemes, scheme) {
		return fmt.Errorf("want scheme://host[:port][/path] with scheme %s", strings.Join(schemes, ", "))
	}
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	host, port, hasPort := strings.Cut(authority, ":")
	if err := checkHostName(host); err != nil {
		return err
	}
	if hasPort {
		if err := checkPort(port); err != nil {
			return err
		}
	} else {
		port = defaultPort(scheme)
	}
	if err := checkSourcePath(path); err != nil {
		return err
	}
	for _, o := range own {
		ours := o.port
		if ours == "" {
			ours = defaultPort(o.scheme)
		}
		if host == o.host || port == ours && isLoopbackHost(host) && isLoopbackHost(o.host) {
			return errors.New("this is one of Sallyport's own hosts or ports; a page reaches them through invoke alone")
		}
	}
	return nil
}

// checkSourcePath accepts the unreserved characters, the few reserved ones
// that separate nothing in a policy, and whole percent escapes.
func checkSourcePath(path string) error {
	if len(path) > 256 {
		return errors.New("the path is longer than 256 characters")
	}
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/-._~!$&()+=:@", c) >= 0:
		case c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2]):
			i += 2
		default:
			return fmt.Errorf("character %q can't stand in a path here, write it as a percent escape; query and fragment are refused", c)
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("dot segments are refused, write the path out")
		}
	}
	return nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// checkTrustedType accepts a policy name of the Trusted Types grammar. The
// directive's wildcard and keywords have characters outside it.
func checkTrustedType(name string) error {
	if name == "" || len(name) > 64 {
		return errors.New("want a policy name of 1 to 64 characters")
	}
	if strings.EqualFold(name, "default") {
		return errors.New("the default policy is asked about every string; set InsecureDefaultTrustedType to allow it")
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-#=_/@.%", c) < 0 {
			return fmt.Errorf("character %q can't stand in a policy name; wildcards and keywords are refused", c)
		}
	}
	return nil
}
