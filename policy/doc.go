// Package policy decides what a window may ask for.
//
// A policy is a folder of Rego files, one capability each:
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
// bytes_per_second for a window's calls of a command; of several that hold the smallest number
// counts. Since it holds for all calls together, it reads window, origin, local, command and platform
// alone. [Policy.Limits] has them; whoever runs the calls enforces them.
//
// # Where a capability holds
//
// The metadata block over the package says so, and an unknown key in it is an error.
//
//	title, description   text
//	custom.windows       required; globs (* and ?) on the window's label. [] is nowhere, ["*"] is every window
//	custom.origins       exact origins, scheme://host[:port]. Absent is the app itself; named
//	                     origins are the only ones, unless local is true
//	custom.local         true adds the app itself to the named origins
//	custom.platforms     GOOS names. Absent is all of them, [] is none
//	custom.expires       RFC 3339; from that instant on the capability holds nowhere
//
// # What a rule may read
//
// input.command, args, window, origin, local, platform and session, input.time in nanoseconds
// since 1970 (for the time functions of Rego), input.event and input.channel where the message
// is about one, and input.user where the app knows the user. Any other field is an error at load,
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
// Conditions on window, origin, command and platform come first: where they fail, the rest of
// a rule is not evaluated and can't fail either. All other errors end the decision.
//
// # The scope library
//
// import data.sallyport.scope gives
//
//	scope.path_inside(path, dir)    path is dir or below it
//	scope.glob(pattern, path)       path fits pattern: * and ? stay within a name,
//	                                [a-z] and [!a-z] are classes, ** as a whole name is any depth
//
// Both work on text alone and touch no file, so they can't see a symbolic link: the handler
// opens paths under an os.Root. An argument that is absent (written as input.args.name in the
// call itself) or null makes them false, never undefined. A leading dot of a name is matched
// only by a dot. dir and pattern may begin with a variable of [Config].Variables, such as
// $HOME; path may not.
//
// Some operands can't be judged: a path with .. in it, an escape such as %2e, a control
// character, a backslash where that is no separator, a device or a short name on Windows, a
// relative path against an absolute directory, and what is no text at all. Such a path counts
// against the call. In the body of an allow the function is false then, in that of a deny or an
// ask it is true, and "not" before it turns both round; so it is with a leading dot under a
// wildcard. In helper rules, comprehensions, "every" and nested expressions the function can't
// know its side: there it ends the decision with an error.
//
// On Windows and macOS names are compared without case; on Windows both slashes separate, and
// trailing dots and spaces are dropped as the system drops them. Names there that differ only in
// the case of letters outside ASCII, in how a letter is composed or in what can't be seen may be
// one file or two: they can't be judged.
//
// # Speed
//
// Window, origin, command and platform are known long before the arguments. For each such
// combination the rules are partially evaluated once, with the rest unknown, and what is left
// is kept, in bounded number: nothing, a constant, or a short condition that is evaluated per
// call.
package policy
