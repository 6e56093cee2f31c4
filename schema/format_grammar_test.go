package schema

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The grammars of the RFCs, put together as one regular expression each: a second reading of
// what the formats take, by another way.
func grammars() map[string]*regexp.Regexp {
	const (
		hex     = `[0-9A-Fa-f]`
		pct     = `%` + hex + hex
		sub     = `!$&'()*+,;=`
		plain   = `A-Za-z0-9\-._~`
		ucs     = `\x{a0}-\x{d7ff}\x{f900}-\x{fdcf}\x{fdf0}-\x{ffef}\x{10000}-\x{1fffd}\x{20000}-\x{2fffd}\x{30000}-\x{3fffd}\x{40000}-\x{4fffd}\x{50000}-\x{5fffd}\x{60000}-\x{6fffd}\x{70000}-\x{7fffd}\x{80000}-\x{8fffd}\x{90000}-\x{9fffd}\x{a0000}-\x{afffd}\x{b0000}-\x{bfffd}\x{c0000}-\x{cfffd}\x{d0000}-\x{dfffd}\x{e1000}-\x{efffd}`
		private = `\x{e000}-\x{f8ff}\x{f0000}-\x{ffffd}\x{100000}-\x{10fffd}`
		octet   = `(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
		v4      = octet + `(?:\.` + octet + `){3}`
		h16     = hex + `{1,4}`
		ls32    = `(?:` + h16 + `:` + h16 + `|` + v4 + `)`
		v6      = `(?:(?:` + h16 + `:){6}` + ls32 + `|::(?:` + h16 + `:){5}` + ls32 + `|(?:` + h16 + `)?::(?:` + h16 + `:){4}` + ls32 +
			`|(?:(?:` + h16 + `:){0,1}` + h16 + `)?::(?:` + h16 + `:){3}` + ls32 + `|(?:(?:` + h16 + `:){0,2}` + h16 + `)?::(?:` + h16 + `:){2}` + ls32 +
			`|(?:(?:` + h16 + `:){0,3}` + h16 + `)?::` + h16 + `:` + ls32 + `|(?:(?:` + h16 + `:){0,4}` + h16 + `)?::` + ls32 +
			`|(?:(?:` + h16 + `:){0,5}` + h16 + `)?::` + h16 + `|(?:(?:` + h16 + `:){0,6}` + h16 + `)?::)`
		pointer = `(?:/(?:[^~/]|~[01])*)*`
		atom    = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~]+"
		label   = `[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?`
		host    = label + `(?:\.` + label + `)*`
		clock   = `(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+\-](?:[01][0-9]|2[0-3]):[0-5][0-9])`
		variabl = `(?:[A-Za-z0-9_]|` + pct + `)(?:\.?(?:[A-Za-z0-9_]|` + pct + `))*(?::[1-9][0-9]{0,3}|\*)?`
	)
	uri := func(extra, query string) (absolute, reference string) {
		chars := func(more string) string { return `(?:[` + plain + sub + more + extra + `]|` + pct + `)` }
		pchar := chars(`:@`)
		authority := `(?:` + chars(`:`) + `*@)?(?:\[(?:` + v6 + `|[vV]` + hex + `+\.[` + plain + sub + `:]+)\]|` + chars(``) + `*)(?::[0-9]*)?`
		full := `(?://` + authority + `(?:/` + pchar + `*)*`
		tail := `(?:\?(?:[` + plain + sub + `:@/?` + extra + query + `]|` + pct + `)*)?(?:#` + chars(`:@/?`) + `*)?`
		rooted := `|/(?:` + pchar + `+(?:/` + pchar + `*)*)?`
		scheme := `[A-Za-z][A-Za-z0-9+\-.]*:`
		absolute = scheme + full + rooted + `|` + pchar + `+(?:/` + pchar + `*)*|)` + tail
		reference = `(?:` + absolute + `|` + full + rooted + `|` + chars(`@`) + `+(?:/` + pchar + `*)*|)` + tail + `)`
		return absolute, reference
	}
	u, ur := uri(``, ``)
	i, ir := uri(ucs, private)
	all := map[string]string{
		"time": clock, "ipv4": v4, "ipv6": v6, "uri": u, "uri-reference": ur, "iri": i, "iri-reference": ir,
		"json-pointer": pointer, "relative-json-pointer": `(?:0|[1-9][0-9]*)(?:#|` + pointer + `)`,
		"uuid":         hex + `{8}-` + hex + `{4}-` + hex + `{4}-` + hex + `{4}-` + hex + `{12}`,
		"duration":     `P(?:(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)|[0-9]+W)`,
		"email":        `(?:` + atom + `(?:\.` + atom + `)*|"(?:[ !#-\[\]-~]|\\[ -~])+")@(?:` + host + `|\[(?:` + v4 + `|IPv6:` + v6 + `)\])`,
		"hostname":     host,
		"uri-template": `(?:[!#$&(-;=?-\[\]_a-z~` + ucs + private + `']|` + pct + `|\{[+#./;?&]?` + variabl + `(?:,` + variabl + `)*\})*`,
	}
	compiled := map[string]*regexp.Regexp{}
	for name, text := range all {
		compiled[name] = regexp.MustCompile(`^(?s:` + text + `)$`)
	}
	return compiled
}

// Values that are right or nearly so are judged as the grammars say.
func TestFormatsFollowTheGrammars(t *testing.T) {
	seeds := map[string]string{
		"time": "12:34:56.78+01:30", "ipv4": "192.168.0.255", "ipv6": "2001:db8::a:1.2.3.4", "uri": "http://u:p@a.b:80/c/d;e?f=g%41#h", "uri-reference": "//[::1]/a:b?c#d",
		"iri": "http://é@中.b/ö?x#y", "iri-reference": "é/b:c", "json-pointer": "/a~0b/~1c//d", "relative-json-pointer": "10/a~1b", "uuid": "2eb8aa08-AA98-11ea-b4aa-73b441d16380",
		"duration": "P1Y2M3DT4H5M6S", "email": "a.b+c@d-e.f", "hostname": "a-b.c1.d", "uri-template": "http://a{/b,c*}{?d:3,e%41.f}",
	}
	others := map[string][]string{
		"ipv6": {"::", "::1", "1:2:3:4:5:6:7:8", "1::8", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::"}, "duration": {"PT1S", "P2W", "P1D", "PT1H30M"},
		"uri": {"urn:a:b", "a:", "a:/b", "a://[v1.b]", "mailto:a@b"}, "uri-reference": {"", "a", "/a//b", "?q", "#f", "./a:b", "a:b"},
		"email": {`"a b"@c`, `a@[1.2.3.4]`, `"\\a"@b`, "a@[IPv6:::1]"}, "relative-json-pointer": {"0", "0#", "1#"}, "json-pointer": {"", "/"},
	}
	const letters = "aAbBzZgG019 -_.:/?#@[]!$&'()*+,;=%{}|^\\\"<>~`\x00\n\x7fé中\ue000\ufffeTPHMSDWYvV"
	alphabet := []rune(letters)
	reserved := regexp.MustCompile(`(?:^|[.@])[^.@]{2}--`) // for Punycode, of which none is made here
	r := rand.New(rand.NewPCG(11, 12))
	for name, grammar := range grammars() {
		right := 0
		for range 6_000 {
			text := seeds[name]
			if more := others[name]; len(more) > 0 && r.IntN(2) == 0 {
				text = more[r.IntN(len(more))]
			}
			runes := []rune(text)
			for range r.IntN(4) {
				at := r.IntN(len(runes) + 1)
				switch r.IntN(4) {
				case 0:
					runes = append(runes[:at:at], append([]rune{alphabet[r.IntN(len(alphabet))]}, runes[at:]...)...)
				case 1:
					if at < len(runes) {
						runes = append(runes[:at:at], runes[at+1:]...)
					}
				case 2:
					if at < len(runes) {
						runes = append(append(runes[:0:0], runes...), nil...)
						runes[at] = alphabet[r.IntN(len(alphabet))]
					}
				case 3:
					from := r.IntN(len(runes) + 1)
					runes = append(runes[:at:at], append(append([]rune{}, runes[min(at, from):max(at, from)]...), runes[at:]...)...)
				}
			}
			text = string(runes)
			want := grammar.MatchString(text) && !(strings.Contains("hostname email", name) && reserved.MatchString(text))
			if got := formats()[name](text); got != want {
				t.Errorf("%s: %q: accepted is %t, by the grammar %t", name, text, got, want)
			}
			if want {
				right++
			}
		}
		if right < 600 {
			t.Errorf("%s: only %d were right", name, right)
		}
	}
}

// Dates are those of the calendar.
func TestDatesAreThoseOfTheCalendar(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	const digits = "0123456789"
	for range 200_000 {
		date := []byte("2024-02-29")
		for range 1 + r.IntN(5) {
			if i := r.IntN(len(date)); date[i] != '-' {
				date[i] = digits[r.IntN(10)]
			}
		}
		_, err := time.Parse("2006-01-02", string(date))
		for name, text := range map[string]string{"date": string(date), "date-time": string(date) + "T00:00:00Z"} {
			if formats()[name](text) != (err == nil) {
				t.Fatalf("%s: %s: %v", name, text, err)
			}
		}
	}
	for _, text := range []string{"1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00", "1998-12-31t23:59:60.5z"} {
		if !isDateTime(text) {
			t.Errorf("%s is a leap second", text)
		}
	}
}
