package capability.notes_test

import data.capability.notes
import data.sallyport.variables

# note is a path in the notes' folder.
note(name) := concat("/", [variables.APPDATA, "notes", name])

call(command, path) := {"command": command, "args": {"path": path}}

test_notes_change_in_their_folder if {
	every command in ["notes.save", "notes.delete"] {
		notes.allow with input as call(command, note("a.md"))
		not notes.allow with input as call(command, concat("/", [variables.HOME, "a.md"]))
		not notes.allow with input as {"command": command, "args": {}}
	}
}

test_what_hides_a_note_denies_it[path] if {
	some path in [note(".a.md"), note(".git/config"), note("b/.c/d.md"), note("../other"), note("%2e%2e/other")]
	count(notes.deny) == 1 with input as call("notes.save", path)
}
