// Package policytest runs the tests of a policy: what its capabilities are expected to decide.
//
// There are two kinds, which lie beside the capabilities. *_test.rego holds Rego tests in OPA's form,
// of a capability's own rules:
//
//	package capability.notes_test
//
//	import data.capability.notes
//	import data.sallyport.variables
//
//	test_notes_are_saved_in_their_folder if {
//		notes.allow with input as {"command": "notes.save", "args": {"path": concat("/", [variables.APPDATA, "notes/a.md"])}}
//	}
//
// In them the rules behave as in decisions: the scope library, the strict comparisons, and a built-in
// function's error, which fails the test. They see no metadata: a rule is tested wherever its capability
// holds.
//
// *_test.yaml holds fixtures, whole calls and what the policy as a whole is to decide, by way of
// [policy.Load] and [policy.Policy.Decide]:
//
//   - name: a note is saved in its folder
//     window: main
//     command: notes.save
//     args: {path: "${APPDATA}/notes/a.md"}
//     expect: allow
//   - name: hidden files stay closed
//     window: main
//     command: notes.save
//     args: {path: "${APPDATA}/notes/.secret"}
//     expect: {effect: deny, capability: notes, line: 17, reason: hidden files stay closed}
//
// A call has window and command, and if it likes
//
//	origin    of a remote page; left out, the page is the app itself
//	args      any value, {} if left out; ${HOME} in its texts is a directory, $${ is ${
//	session, event, target, channel, user
//	time      RFC 3339; 2026-01-01T00:00:00Z if left out, so that a test ends as it always did
//	platform  a GOOS name, linux if left out
//
// expect is an effect (allow, deny, ask, or error, for a call that can't be decided and so is denied), or
// a mapping of effect and any of capability, line (of a rule that decided), reason, and limits, a mapping
// of all numbers that limit rules set together; {} is none.
//
// Directories are those of [policy.Placeholders], so that tests say the same on every machine.
package policytest
