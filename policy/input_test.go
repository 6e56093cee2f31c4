package policy

import (
	"context"
	"testing"
)

func TestRulesReadWhatTheMessageIsAboutAndTheUser(t *testing.T) {
	for _, test := range []struct {
		name, rule string
		in         func(*Input)
		want       Effect
	}{
		{"a user", `allow if input.user.role == "admin"`, func(in *Input) { in.User = parse(t, `{"role":"admin","more":1}`) }, Allow},
		{"another user", `allow if input.user.role == "admin"`, func(in *Input) { in.User = parse(t, `{"role":"guest"}`) }, Deny},
		{"no user", `allow if input.user.role != "guest"`, func(*Input) {}, Deny},
		{"a user of null is one", `allow if input.user == null`, func(in *Input) { in.User = parse(t, `null`) }, Allow},
		{"no user is not null", `allow if input.user == null`, func(*Input) {}, Deny},
		{"the whole user", `allow if count(input.user) == 2`, func(in *Input) { in.User = parse(t, `{"a":1,"b":2}`) }, Allow},
		{"an event", `allow if input.event == "saved"`, func(in *Input) { in.Event = "saved" }, Allow},
		{"no event", `allow if input.event != "saved"`, func(*Input) {}, Deny},
		{"a channel", `allow if input.channel == "c1"`, func(in *Input) { in.Channel = "c1" }, Allow},
		{"no channel", `allow if input.channel != "c1"`, func(*Input) {}, Deny},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := call(t, "x", `{}`)
			test.in(&in)
			d, err := load(t, withoutScope+test.rule).Decide(context.Background(), in)
			if err != nil || d.Effect != test.want {
				t.Errorf("%s", show(d, err))
			}
		})
	}
}
