// Command sallyport shows, checks and measures what the core does. It reads
// the sallyport.json of an app; `sallyport help` lists what it can do.
//
// It exits with 0 when what was asked holds, 1 when it does not (a check, a
// case, a machine that lacks something), and 2 when the question could not be
// asked or answered.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
