# METADATA
# title: Editor
# description: What the editor alone may do.
# custom:
#   windows: ["editor"]
package capability.editor

allow if input.command == "editor.only"
