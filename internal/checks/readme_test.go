package checks

import (
	"regexp"
	"strings"
	"testing"
)

// quotation is a code block that says which file it is taken from.
var quotation = regexp.MustCompile("(?ms)^<!-- from (\\S+) -->\n```[a-z]*\n(.*?)^```$")

// What a document quotes from a file stands there word for word, so that the
// README can't drift from the example that it shows.
func TestQuotationsInDocuments(t *testing.T) {
	found := 0
	for _, file := range files(t, ".md") {
		text := read(t, file)
		for _, m := range quotation.FindAllStringSubmatch(text, -1) {
			found++
			if !strings.Contains(read(t, m[1]), m[2]) {
				t.Errorf("%s quotes what is not in %s:\n%s", file, m[1], m[2])
			}
		}
		if n := strings.Count(text, "<!-- from "); n != len(quotation.FindAllString(text, -1)) {
			t.Errorf("%s has a quotation without its code block right below", file)
		}
	}
	if found < 5 {
		t.Errorf("found %d quotations; the README alone has more", found)
	}
}
