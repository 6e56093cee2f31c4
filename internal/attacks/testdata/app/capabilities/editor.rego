# METADATA
# title: Editor
# description: What the editor alone may do.
# custom:
#   windows: ["editor"]
package capability.editor

allow if input.command in {"editor.only", "editor.take"}

allow if {
	input.command in {"sallyport:emit", "sallyport:listen"}
	input.event == "secret"
}
