// Package policylint looks for what is allowed in capability files, and still likely to be wrong.
//
// Two sets of rules look at a folder. Our own know what a capability is:
//
//	wide-scope          an allow reaches a whole home folder, all apps' data, or the file system
//	wide-window         a capability holds for every window
//	wide-origin         a capability holds for origins that a wildcard names
//	shadowed-rule       whenever the rule holds, another one of its kind does as well
//	unreachable-rule    conditions that can't hold together, or not where the capability holds
//	unreachable         a capability that holds nowhere, or no longer
//	unknown-command     a rule for a command that the app does not have
//	untested            a capability without any test, or a rule that held in none
//	unused-permission   a permission or set of permissions/ that no capability leads to
//	unused-rule         a rule that decides nothing and that no other one reads
//
// The others are those of Regal, OPA's linter, that make sense for files of which each stands alone, in one
// folder, with rules in the order of what they are about. Regal's rules are themselves Rego and are evaluated
// here without its command line: its Go packages pkg/linter and pkg/config don't compile with the glob library
// that OPA 1.22.2 has.
//
// A comment on the line of a finding, or on the line above, accepts it:
//
//	# sallyport-lint:ignore wide-scope,line-length
//
// In a METADATA block it stands behind the value, as a comment of YAML. Regal's own form, "# regal ignore:…",
// counts as well, for both sets of rules.
package policylint
