# METADATA
# title: Demo
# description: The page may say where an attack begins and ends, and ask what came of it.
# custom:
#   windows: ["main"]
package capability.demo

allow if input.command in {"demo.begin", "demo.calls", "demo.end", "demo.finish", "demo.state"}
