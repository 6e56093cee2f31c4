package policy

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestAnswersAreAboutWhatARuleNames(t *testing.T) {
	for _, test := range []struct {
		name, block string
		want        []string
		all         bool
	}{
		{"no block is all arguments", "", nil, true},
		{"a block without remember is all arguments", "# METADATA\n# title: x\n", nil, true},
		{"an empty list is none", "# METADATA\n# custom:\n#   remember: []\n", nil, false},
		{"a member", "# METADATA\n# custom:\n#   remember: [path]\n", []string{"/path"}, false},
		{"members, in order", "# METADATA\n# title: x\n# custom:\n#   remember: [path, mode]\n", []string{"/mode", "/path"}, false},
		{"a pointer", "# METADATA\n# custom:\n#   remember: ['/note/path']\n", []string{"/note/path"}, false},
		{"a member's name with a slash and a tilde", "# METADATA\n# custom:\n#   remember: ['a/b~c']\n", []string{"/a~1b~0c"}, false},
		{"a pointer to a member without a name", "# METADATA\n# custom:\n#   remember: ['/']\n", []string{"/"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, withoutScope+"\nallow if input.command == \"y\"\n\n"+test.block+"ask contains \"Sure?\" if { input.command == \"x\"; input.args.a }\n")
			d, err := p.Decide(context.Background(), call(t, "x", `{"a":true}`))
			if err != nil || d.Effect != Ask || len(d.Rules) != 1 {
				t.Fatalf("got %+v, %v", d, err)
			}
			got, all := d.Rules[0].Remembers()
			if all != test.all || !slices.Equal(got, test.want) {
				t.Errorf("got %q, %v", got, all)
			}
		})
	}
}

// A block is about the one rule below it.
func TestAnotherAskKeepsAllArguments(t *testing.T) {
	p := load(t, withoutScope+"# METADATA\n# custom:\n#   remember: []\nask contains \"A?\" if input.command == \"x\"\n"+
		"ask contains \"B?\" if input.command == \"x\"\n")
	d, err := p.Decide(context.Background(), call(t, "x", `{}`))
	if err != nil || len(d.Rules) != 2 {
		t.Fatalf("got %+v, %v", d, err)
	}
	if _, all := d.Rules[0].Remembers(); all {
		t.Error("the rule below the block: all arguments")
	}
	if _, all := d.Rules[1].Remembers(); !all {
		t.Error("the rule after it: not all arguments")
	}
}

func TestWhatARuleMakesOfAnEmptyTextIsAllArguments(t *testing.T) {
	for _, text := range []string{"", "{", "7", `"/path"`} {
		if pointers, all := (Rule{Remember: text}).Remembers(); !all || pointers != nil {
			t.Errorf("%q: got %q, %v", text, pointers, all)
		}
	}
}

func TestRememberIsStrict(t *testing.T) {
	ask := "ask contains \"Sure?\" if input.command == \"x\"\n"
	for _, test := range []struct{ name, text, want string }{
		{"text", "# METADATA\n# custom:\n#   remember: path\n" + ask, "7: remember must be a list of strings"},
		{"nothing", "# METADATA\n# custom:\n#   remember:\n" + ask, "7: remember must be a list of strings"},
		{"a number", "# METADATA\n# custom:\n#   remember: [7]\n" + ask, "7: remember must hold strings"},
		{"no name", "# METADATA\n# custom:\n#   remember: ['']\n" + ask, `7: remember: "" names no argument`},
		{"a broken pointer", "# METADATA\n# custom:\n#   remember: ['/a~2b']\n" + ask, `7: remember: "/a~2b" is no JSON pointer`},
		{"a pointer that ends too early", "# METADATA\n# custom:\n#   remember: ['/a~']\n" + ask, `7: remember: "/a~" is no JSON pointer`},
		{"twice", "# METADATA\n# custom:\n#   remember: [path, '/path']\n" + ask, "7: remember names an argument twice"},
		{"a misspelt key", "# METADATA\n# custom:\n#   remembers: [path]\n" + ask, `7: unknown metadata key "remembers" on a rule`},
		{"outside custom", "# METADATA\n# remember: [path]\n" + ask, `6: unknown metadata key "remember" on a rule`},
		{"custom that is no mapping", "# METADATA\n# custom: [remember]\n" + ask, "6: custom must be a mapping"},
		{"over an allow", "# METADATA\n# custom:\n#   remember: []\nallow if input.command == \"x\"\n" + ask, "7: remember is about the answers to a question: an ask rule was expected on line 8"},
		{"over a deny", "# METADATA\n# custom:\n#   remember: []\ndeny contains \"no\" if input.command == \"x\"\n", "7: remember is about the answers"},
		{"over a gap", "# METADATA\n# custom:\n#   remember: []\n\n" + ask, "7: remember is about the answers"},
		{"at the end", ask + "# METADATA\n# custom:\n#   remember: []\n", "8: remember is about the answers"},
		{"beside a rule", strings.TrimSpace(ask) + " # METADATA\n# custom:\n#   remember: []\n", "7: remember is about the answers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(files(withoutScope+test.text), testConfig())
			if want := "policy: notes.rego:" + test.want; err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
