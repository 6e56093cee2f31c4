# METADATA
# title: Notes
# description: The notes window may list and search notes, hear of changes, and change those in its own folder.
# custom:
#   windows: ["main"]
package capability.notes

import data.sallyport.scope

allow if input.command in {"notes.list", "notes.search"}

allow if {
	input.command in {"notes.save", "notes.delete"}
	scope.path_inside(input.args.path, "$APPDATA/notes")
}

allow if {
	input.command == "sallyport:listen"
	input.event == "notes.changed"
}

deny contains "hidden files stay closed" if {
	input.command in {"notes.save", "notes.delete"}
	some hidden in ["$APPDATA/notes/**/.*", "$APPDATA/notes/**/.*/**"]
	scope.glob(hidden, input.args.path)
}
