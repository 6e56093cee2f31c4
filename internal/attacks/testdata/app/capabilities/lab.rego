# METADATA
# title: Lab
# description: What every window of the attacked app may do.
# custom:
#   windows: ["main", "editor"]
package capability.lab

# The vault is allowed here on purpose: only the hook keeps it closed, so that
# whatever gets around the hook opens it.
allow if input.command in {"echo", "count", "slow", "fail", "crash", "garble", "vault.open", "hook.see", "hook.loot", "hook.leave"}

deny contains "this text is denied" if {
	input.command == "echo"
	input.args.text == "denied by policy"
}

allow if input.command in {"take", "feed", "swallow", "copy", "idle", "storm", "bytes"}

# The news are the core's own.
allow if {
	input.command == "sallyport:listen"
	input.event in {"note", "news"}
}

allow if {
	input.command == "sallyport:emit"
	input.event == "note"
}
