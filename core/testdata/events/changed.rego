# METADATA
# title: Changes
# description: The notes window hears what has changed, and says so itself.
# custom:
#   windows: ["main"]
package capability.changes

allow if {
	input.command in {"sallyport:emit", "sallyport:listen"}
	input.event == "notes.changed"
}
