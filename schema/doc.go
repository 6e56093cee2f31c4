// Package schema is the gate's reader: strict JSON, JSON Schema on both sides of
// every command, and Go values made from what was checked.
//
// [Parse] reads the bytes of one message once. What it returns, a [Value], is what
// the schema validates, what the policy decides on and what the handler's Go value
// is decoded from, so no two stages can read the same message differently.
//
// # Strict JSON
//
// One value and nothing behind it; UTF-8 without a byte order mark; no lone
// surrogates; no member twice in an object, compared after unescaping; numbers kept
// as their exact literal; and bounds ([Limits]) on size, depth, nodes, members of one
// object, bytes of a number and its exponent. One pass over a private copy of the bytes
// judges the grammar, holds the bounds and lays out the values, so that a hostile document
// is turned away at the first byte that is wrong; 1 MiB of whatever kind takes a few
// milliseconds and less than 8 MiB. Tests and fuzzing hold each verdict to
// github.com/go-json-experiment/json/jsontext and the bounds counted on its tokens.
//
// Member names are compared byte by byte everywhere: "path" and "PATH" are two
// members, for the schema, for the policy and for the handler's struct. Nothing is
// special about "__proto__".
//
// # Bytes
//
// Bytes go beside the text of a message, as sections, and never as base64 or lists of numbers. What
// stands for one in the text is an object like any other to schema and policy:
//
//	{"$bytes":1024,"type":"image/png"}
//
// so that a schema bounds the size by properties.$bytes.maximum and names media types by
// properties.type. [ParseMessage] holds text and sections to each other, so that what was judged is
// what is there: no other object of a message has a member $bytes. [Parse], for schemas and other
// documents, knows nothing of it. In Go they are a []byte or a [Blob], without a copy.
//
// # Schemas
//
// [Compile] reads <name>.<side>.json, where the side is one of [Sides], JSON Schema draft
// 2020-12, and compiles them with github.com/santhosh-tekuri/jsonschema/v5. Formats are
// asserted. Whatever that library is known to get wrong is either replaced (every
// standard format, pattern, enum, const and uniqueItems) or refused when the program starts,
// with file and line: an empty enum, $dynamicRef, keywords and formats nobody knows, a keyword
// whose value is of the wrong kind or that does nothing where it stands, references that lead
// nowhere or never end, more than 5,000 schemas in one file, regular expressions that ECMA-262 with its u flag doesn't have or that
// mean something else in RE2. A $ref stays in its own file. Where patterns name properties of
// characters, the version of Unicode is Go's.
//
// The judge is tested against the JSON Schema test suite, against jsonschema v6 and against a
// plain reading of the draft (TestSchemaSuite, TestOpinionsAgree, FuzzOpinions), its regular
// expressions against Node's (TestPatternsMeanWhatNodeSays).
//
// Judging a value takes bounded time as well as parsing it. v5 runs on until it has found
// every error, and keeps all of them, so its work is counted wherever value and schema could
// make it large; beyond its bound the value is refused under "limits". A value of the default
// limits takes half a second at most, and mostly a few milliseconds (TestHostilePairsAreBounded).
//
// A command without an input schema accepts nothing; one without an output schema
// returns null.
//
// # Judge and fast path
//
// v5 is the judge: it alone refuses, and what it finds is what errors say. Before it is asked, a
// validator that is compiled from v5's own compiled schemas looks at the parsed value as it lies
// there, builds nothing, and may only accept. Whatever it isn't sure of, because it hasn't learnt
// something, because the value doesn't fit, or because its own counted work is used up, goes to the
// judge as if nobody had looked, except that v5 may work less where it only has to find words for what
// is sure to be wrong: of a large value it may then be said only that it is wrong. So a mistake in it
// could let something through, and keep out at most what is large; on generated schemas and values the two are compared for as long as one likes
// (TestFastAgrees, FuzzFastAgrees), and on the JSON Schema test suite. [Set.JudgeOnly] turns it off.
//
// The judge's bounds on its own work are not the schema's: what it would refuse under "limits" is
// accepted where the fast path could tell at little cost.
//
// # Go values
//
// [Decode] and [Decoder] fill Go values from a Value by reflection. They never see the
// text again, know no case folding, refuse members that a struct doesn't have, numbers
// that don't fit, and null where the Go type has no nil. An [Encoder] writes them again,
// within a limit and as github.com/go-json-experiment/json would.
//
// [Of] and [Written] make the schema of a Go type by the same rules, [Set.WithSources] adds it to a
// set, and [Drift] compares a schema that was written by hand with the type beside it.
//
// # What errors say
//
// Messages come from pages that nobody trusts, so no error of Parse, Validate or Decode
// contains their text: a pointer names a member only if the schema or the Go type names
// it too, and says "*" for every other. Errors of Compile quote the developer's own
// files. All types here are safe for concurrent use once made.
package schema
