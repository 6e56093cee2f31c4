// Package replay compares policies: on calls that were recorded ([Simulate]) and
// on all that two folders of capabilities speak of ([Compare]).
//
// A recorded call is one line of JSON, described by [Schema]:
//
//	{"version":1,"revision":"5e1f…","effect":"allow","reason":"",
//	 "rules":[{"capability":"notes","file":"notes.rego","line":9,"kind":"allow"}],
//	 "platform":"linux","variables":{"$HOME":"/home/ada"},
//	 "input":{"window":"main","origin":"http://main.localhost:7331","local":true,"command":"notes.save",
//	          "session":"…","time":"2026-11-26T12:08:39Z","args":{"path":"/home/ada/notes/a.md"}}}
//
// The core writes such a file while an app is developed, if core.Config.PolicyInputs
// names one. It holds arguments in clear: whoever reads it reads what the user did.
package replay
