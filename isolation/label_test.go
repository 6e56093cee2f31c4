package isolation

import (
	"regexp"
	"strings"
	"testing"
)

func TestCheckLabel(t *testing.T) {
	for _, test := range []struct {
		name  string
		label string
		ok    bool
	}{
		{"one letter is a label", "a", true},
		{"letters, digits and single hyphens are a label", "editor-2-left", true},
		{"32 characters are a label", "a" + strings.Repeat("b", 31), true},

		{"nothing is no label", "", false},
		{"33 characters are too many", "a" + strings.Repeat("b", 32), false},
		{"a digit can't begin a label", "2main", false},
		{"a hyphen can't begin a label", "-main", false},
		{"a hyphen can't end a label", "main-", false},
		{"two hyphens in a row mark Punycode and are refused", "xn--main", false},
		{"upper case would be rewritten by engines", "Main", false},
		{"a dot would make a host of its own", "main.evil", false},
		{"an underscore is no host name character", "a_b", false},
		{"a letter outside ASCII is refused", "mäin", false},
		{"a colon would bring a port", "main:80", false},
		{"a line end is refused", "main\n", false},
		{"a zero byte is refused", "ma\x00in", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := checkLabel(test.label); (err == nil) != test.ok {
				t.Errorf("checkLabel(%q) = %v", test.label, err)
			}
		})
	}
}

func TestMintedHostsCanNotBeGuessed(t *testing.T) {
	form := regexp.MustCompile(`^main-[a-z2-7]{16}\.localhost$`)
	seen := map[string]bool{}
	for range 1000 {
		host, err := mintHost("main")
		if err != nil || !form.MatchString(host) {
			t.Fatalf("mintHost = %q, %v", host, err)
		}
		if seen[host] {
			t.Fatalf("%s was minted twice", host)
		}
		seen[host] = true
	}
	if err := checkHostName("a" + strings.Repeat("b", 31) + "-" + strings.Repeat("x", 16) + ".localhost"); err != nil {
		t.Errorf("the longest label makes no host name: %v", err)
	}
	if _, err := mintHost("main.evil"); err == nil {
		t.Error("a host was minted for what is no label")
	}
}
