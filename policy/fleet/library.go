package fleet

// libraryID names the module below in OPA's store. A bundle's modules have a slash in theirs.
const libraryID = "sallyport-scope"

// library is the scope library as OPA's compiler has to know it to compile a capability file. It is
// never evaluated: [policy.Load] compiles the files anew, with the real functions and with its own
// list of what may be called.
const library = `package sallyport.scope

path_inside(_, _) := true

glob(_, _) := true

url_matches(_, _) := true

host_in(_, _) := true

one_of(_, _) := true

size_at_most(_, _) := true
`
