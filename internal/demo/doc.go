// Package demo is `sallyport demo`: one page on which a hostile script makes
// the same calls to the same Go handlers twice, through an ordinary binding
// that any script may call and through Sallyport.
//
// The page tells when an attack begins and when it is over, and nothing else
// that counts. What happened is judged here, from what the handlers did, from
// the core's records, and from what the boundary threw away: a page that
// claimed too much would only fail its own cases. One attack is another site's,
// and that site's page is in the same browser: the hostile script opens it.
//
// All handlers work below one temporary folder for each side and can't leave
// it. "Outside" means outside the notes folder within it.
package demo
