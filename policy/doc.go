// Package policy decides what a window may ask for.
//
// A policy is a folder of Rego files, one capability each, and of declarative files:
//
//	# METADATA
//	# title: Notes
//	# custom:
//	#   windows: ["main", "editor-*"]
//	package capability.notes
//
//	import data.sallyport.scope
//
//	allow if input.command in {"notes.list", "notes.search"}
//
//	allow if {
//		input.command == "notes.save"
//		scope.path_inside(input.args.path, "$APPDATA/notes")
//	}
//
//	deny contains "hidden files stay closed" if {
//		input.command == "notes.save"
//		scope.glob("$APPDATA/notes/**/.*", input.args.path)
//	}
//
//	ask contains "Delete this note for good?" if input.command == "notes.delete"
//
//	limit contains {"calls_per_second": 10, "concurrency": 2} if input.command == "notes.search"
//
// [Load] compiles such a folder to a [Policy]; [Policy.Decide] answers one call.
//
// # Verdicts
//
// Any deny wins over any ask, any ask over any allow, and where nothing holds the
// answer is [Deny]. Only the boolean true allows. Several capabilities on one window
// add up; a rule counts exactly where its capability holds. An error, a cancelled
// context included, carries no decision: the caller denies.
//
// # Limits
//
// A limit sets some of calls_per_second, burst, concurrency, bytes (of one call's arguments) and
// bytes_per_second for a window's calls of a command, or its requests about an event; of several that hold
// the smallest number counts. Since it holds for all calls together, it reads window, origin, local, command,
// event and platform alone. [Policy.Limits] has them; whoever runs the calls enforces them.
//
// # Where a capability holds
//
// The metadata block over the package says so, and an unknown key in it is an error.
//
//	title, description   text
//	custom.windows       required; globs (* and ?) on the window's label. [] is nowhere, ["*"] is every window
//	custom.origins       remote pages, by origin or URL pattern. Absent is the app itself; named
//	                     origins are the only ones, unless local is true
//	custom.local         true adds the app itself to the named origins
//	custom.platforms     GOOS names. Absent is all of them, [] is none
//	custom.expires       RFC 3339; from that instant on the capability holds nowhere
//
// An origin is scheme://host or scheme://host:port and means that origin alone: no subdomain and no other
// port. Anything else is a URL pattern, as scope.url_matches takes them: "https://*.example.com" is all hosts
// below example.com and not that host itself, "https://example.com/app/*" is a part of a site. Both are
// compared with the page's parsed URL, never with its text, so that neither the name of a host nor a user
// name before it can pass for another's. A pattern with a path holds only where the page is known by its
// URL; of most pages no more is known than the origin. A page that is spelt otherwise than browsers spell
// it, or whose path has dot segments or escapes that readers differ on, is none that could be named: for it no
// capability holds that is for remote pages.
//
// The host of a pattern ends in whole labels, or is * alone. Any host ("https://*") or any scheme
// ("*://example.com") can be written in this one way only, so that [Capability.Wide] and whoever reads the
// file can see it: every page that the window is ever led to may then call.
//
// # Declarative files
//
// Files that end in .json, .yaml, .yml or .toml are capabilities in the shape of Tauri's; those below
// a folder named permissions define permissions and sets. docs/capabilities.md has the format. They compile to rules like those
// of Rego files: each permission to an allow or a deny at the line of the capability's entry that
// leads to it, each entry of a scope to one condition more. A rule that is restricted by a scope allows
// a call only if an entry fits it; [Decision].Scope hands the entries to the handler. Their denials are
// no matter of the schema: an argument that is absent or of another type equals nothing.
//
// Not read are sallyport.json, *.schema.json, *_test.yaml, and what begins with a dot or lies in a
// folder that does.
//
// # What an answer is about
//
// An ask needs no allow beside it: what may not even be asked is for a deny to say. An answer
// that is kept counts for the same arguments only, unless the block right above the rule names
// those that matter, by member or JSON pointer; [] is none of them:
//
//	# METADATA
//	# custom:
//	#   remember: ["path"]
//	ask contains "Overwrite this note?" if input.command == "notes.save"
//
// # What a rule may read
//
// input.command, args, window, origin, local, platform and session, input.time in nanoseconds
// since 1970 (for the time functions of Rego), and input.user where the app knows the user. Of an event
// that a page emits or listens to, the command is [EmitCommand] or [ListenCommand], input.event its name,
// args its payload ({} where it listens), and input.target the label of the only window that it is emitted
// to, undefined where it is for all. input.channel is "items", "upload" or "both" of a call that asks for
// streams to the page, from it, or either, and undefined of any other. Any other field is an error at load,
// as is another capability's package, a "with", and every built-in function that could
// reach the network, the environment or the host, or whose answer could differ between
// two evaluations of one input.
//
// Rego leaves a rule out when something it reads is absent. In an allow that is safe. In a
// deny it is not: a deny on input.args.path holds for no call without a path. So the
// schema comes first: every argument that a deny or an ask reads is required there and has a
// type. [Policy.Reads] lists them, and core refuses to start where the schema does not. Prefer
// saying what is allowed to saying what is denied.
//
// Three of Rego's traps are closed here. A built-in that is given a wrong type stops the
// decision with an error. Ordering (<, <=, >, >=) of anything but two numbers or
// two strings is an error too: in plain Rego null <= 100 is true. And glob.match, for which
// .. is an ordinary name, is refused on arguments: use scope.glob.
//
// An object that is written out has constant keys, and a set within a list or an object constant members:
// partial evaluation would take the others for absent. {key: value | key := input.args.name} says the same.
//
// Conditions on window, origin, command, event and platform come first: where they fail, the rest of
// a rule is not evaluated and can't fail either. All other errors end the decision.
//
// # The scope library
//
// import data.sallyport.scope gives
//
//	scope.path_inside(path, dir)     path is dir or below it
//	scope.glob(pattern, path)        path fits pattern: * and ? stay within a name,
//	                                 [a-z] and [!a-z] are classes, ** as a whole name is any depth
//	scope.url_matches(pattern, url)  url fits a WHATWG URL pattern
//	scope.host_in(url, hosts)        url leads to a host of a list or set, by http, https, ws or wss
//	scope.one_of(value, list)        value equals an element of a list or set
//	scope.size_at_most(value, bytes) value is a text of at most so many bytes in UTF-8
//
// All work on their operands alone. They touch no file, so they can't see a symbolic link: the handler
// opens paths under an os.Root. They ask no name server, so they can't see where a name leads: the handler
// that must not reach the local network looks at the address it connects to. An argument that is absent
// (written as input.args.name in the call itself) or null makes them false, never undefined. What the author
// writes (dir, pattern, hosts, list, bytes) is checked at load, by file and line, as far as the file spells
// it out. A leading dot of a name is matched only by a dot. dir and pattern may begin with a variable of
// [Config].Variables, such as $HOME; path may not.
//
// Some texts can't be judged, since it depends on the reader what they mean. Of paths: one with .. in it, an
// escape such as %2e, a control character, a backslash where that is no separator, a device or a short name
// on Windows, a relative path against an absolute directory. Of URLs: what browsers and Go do not read as
// the same, a user name, a backslash, a space or control character, a dot at the end of the host, a host
// in escapes or in letters that are folded into others, an address that is not written in full (127.1,
// 0x7f.1, an IPv4 address in IPv6 form); and where the pattern has a path, dot segments in any
// spelling, and escapes or doubled slashes with which the URL fits for one reader and not for another.
//
// Such a text counts against the call, and so does an operand of another type than the function is about.
// In the body of an allow the function is false then, in that of a deny or an ask it is true, and "not"
// before it turns both round; so it is with a leading dot under a wildcard. In helper rules,
// comprehensions, "every" and nested expressions the function can't know its side: there a text
// that can't be judged ends the decision with an error, and another type is false. So let the schema give
// every argument a type.
//
// URL patterns are those of https://urlpattern.spec.whatwg.org: *, :name, groups and regular expressions,
// which are always anchored at both ends. As in Tauri, path, query and fragment that are left out or empty are
// open, and so is a path of one slash: "https://example.com" and "https://example.com/" are all of
// that site. Scheme, host and port are compared in their canonical form: in any case, IDNA
// or not, the default port written or not. Without a port a pattern means the default port; :* is any.
// What the standard would take for something else than it seems is refused at load: a host with an open end
// or one that is open not up to a dot, a part of an address (192.168.*), a wildcard in a label of punycode,
// a port that is neither a number nor *.
//
// An entry of hosts is one host, or "*.example.com" for all hosts below that one, which it does not
// include. Without a port it means the default port of the URL's scheme; ":8080" and ":*" say
// another and any. A URL of another scheme that leads to one of the hosts, such as smb://, can't be judged.
//
// one_of compares type and value, of composites too, and numbers exactly: 1 and 1.0 are one number, "1" is
// none, and no number is rounded.
//
// On Windows and macOS names are compared without case; on Windows both slashes separate, and
// trailing dots and spaces are dropped as the system drops them. Names there that differ only in
// the case of letters outside ASCII, in how a letter is composed or in what can't be seen may be
// one file or two: they can't be judged.
//
// # Speed
//
// Window, origin, command, event and platform are known long before the arguments. For each such
// combination the rules are partially evaluated once, with the rest unknown, and what is left
// is kept, in bounded number: nothing, a constant, or a short condition that is evaluated per
// call.
//
// Conditions become Go closures that read the parsed arguments as they are. A decision by them
// takes no memory and, with five patterns for a path and a bound on a number, about half a
// microsecond: at most twice what a Go map with the same patterns takes. Its cost doesn't grow
// with the number of capabilities. Closures know equations and patterns of terms, all functions
// that a capability may call but walk, some, every, not and comprehensions, and helper rules,
// sets and functions of the capability with default and else. A directory, a pattern or a
// regular expression that is written out in a rule is read once, and a path of the
// arguments is cut into its names once in a call.
//
// They evaluate what OPA's topdown evaluates, in its order: undefined, false and an error are
// what they are there, and the first error is the same one (but for the values in conflict, which
// topdown lists). Where a condition has a construct that they don't know, such as objects by rules
// (names[k] := v), walk, or a comprehension that depends on a loop around it, topdown evaluates
// that condition, in tens of microseconds.
package policy
