package policyformat

import (
	"strings"
	"testing"
)

func TestSource(t *testing.T) {
	out, err := Source("a.rego", []byte("package capability.a\nallow   if   input.command==\"x\"\n"))
	if want := "package capability.a\n\nallow if input.command == \"x\"\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v", out, err)
	}
	again, err := Source("a.rego", out)
	if err != nil || string(again) != string(out) {
		t.Errorf("formatted again it is %q, %v", again, err)
	}
}

func TestErrorsBeginWithThePlace(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"syntax", "package a\n\nallow if {{\n}\n", "d/a.rego:"},
		{"nothing", "", "d/a.rego:1: "},
		{"Rego of old", "package a\n\nallow { true }\n", "d/a.rego:3: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Source("d/a.rego", []byte(test.text))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
		})
	}
}
