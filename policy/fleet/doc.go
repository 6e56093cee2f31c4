// Package fleet brings capability files to many machines by OPA's own tools: bundles over
// HTTP, S3 or OCI, discovery and status, configured in OPA's own YAML.
//
//	fleet.Start(ctx, fleet.Config{OPA: yaml, StateDir: dir}, apply)
//
// OPA fetches, verifies, keeps and reports; it decides nothing. What a bundle holds is given to
// apply as a folder, which loads it with [policy.Load] and puts it in force, as an app's Reload
// does. An app that does not import this package links none of it.
//
// # What is put in force
//
// One bundle, never parts of it and never two: two bundles have no common revision, and the one
// that arrives first would be in force without the denials of the other. A bundle is taken in
// this order, and the first "no" leaves the policy that is in force as it was:
//
//	signature   OPA checks every file of the bundle against the key that the configuration names
//	compile     OPA compiles the modules
//	contents    Rego files only: no data, no WebAssembly
//	revision    higher than what was in force on this machine ever before, or the very same
//	apply       the app's own function, with the app's own checks
//
// The last three run before OPA ends its transaction. So a bundle that apply refuses is, for OPA, a
// bundle that could not be activated: it is not kept on disk, the status service is told why, and it is
// tried again at the next poll.
//
// # Revisions
//
// The manifest's revision is a decimal integer or an RFC 3339 instant. A signature does not stop
// someone who can answer for the server from serving an old bundle, so the highest revision that
// was ever applied is remembered in StateDir, and a lower one is refused, after a restart too. So
// is the same revision with other contents. With discovery, labels.revision of the discovered
// configuration is held to the same rule.
//
// Nothing here can tell that a server keeps back a newer bundle. Watch [Status] or the status
// service for that.
//
// # What is refused in OPA's configuration
//
// Whatever would make a bundle count that nobody signed (no signing.keyid, symmetric keys, excluded
// files, delta bundles), that this package has no use for (decision logs: the record of decisions
// is the package audits; plugins; a server), and what OPA itself doesn't know. Each error names the path in the
// configuration. The same holds for a discovered configuration, before any of it takes effect.
package fleet
