# METADATA
# custom:
#   windows: ["main", "editor-*"]
package capability.changes

import data.sallyport.scope

allow if {
	input.command == "sallyport:listen"
	input.event in {"notes.changed", "notes.lost"}
}

allow if {
	input.command == "sallyport:emit"
	input.event == "notes.draft"
	startswith(input.window, "editor-")
	input.target == "main"
}

allow if {
	input.command == "notes.import"
	input.channel == "items"
	scope.one_of(input.args.file.type, ["text/markdown", "text/plain"])
	input.args.file["$bytes"] <= 5000000
}
