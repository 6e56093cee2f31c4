# METADATA
# title: Notes
# description: The page may read and search the notes, and save them in their own folder.
# custom:
#   windows: ["main"]
package capability.notes

import data.sallyport.scope

allow if input.command in {"notes.list", "notes.search"}

allow if {
	input.command in {"notes.read", "notes.save"}
	scope.path_inside(input.args.path, "$APPDATA/notes")
}

deny contains "hidden files and parent folders stay closed" if {
	input.command in {"notes.read", "notes.save"}
	scope.glob("$APPDATA/notes/**/.*", input.args.path)
}

deny contains "the app removes files, pages never do" if input.command == "files.remove"
