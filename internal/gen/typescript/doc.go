// Package typescript writes a typed client in TypeScript from an app's schemas.
//
// Its one promise about types: every value that a schema takes can be assigned to
// the type that is made of it, written as a literal too. The type is as narrow as
// TypeScript can say without breaking that promise; what TypeScript can't say (a
// pattern, a bound, not) widens the type and stands in the comment.
//
// What is written depends on the schemas and on nothing else: the same schemas give
// the same bytes on every machine.
package typescript
