package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/sallyport/sallyport/isolation"
	"github.com/spf13/cobra"
)

// versionInfo is what `sallyport version --json` prints.
type versionInfo struct {
	Version  string `json:"version"`            // of the module, "(devel)" in a working copy
	Revision string `json:"revision,omitempty"` // the commit it was built from
	Time     string `json:"time,omitempty"`     // of that commit
	Modified bool   `json:"modified"`           // the working copy differed from it
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Wire     int    `json:"wire"` // isolation.Version
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the wire version",
		Example: `  sallyport version
  sallyport version --json              one JSON object, for scripts`,
		Args: atMost(0),
		RunE: func(c *cobra.Command, _ []string) error {
			v := readVersion()
			if asJSON {
				return printJSON(c.OutOrStdout(), v)
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), v)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func readVersion() versionInfo {
	v := versionInfo{
		Version:  "unknown",
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Wire:     isolation.Version,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (v versionInfo) String() string {
	s := fmt.Sprintf("sallyport %s, wire version %d, %s, %s", v.Version, v.Wire, v.Go, v.Platform)
	if v.Revision != "" {
		s += "\ncommit " + v.Revision + " of " + v.Time
		if v.Modified {
			s += ", modified"
		}
	}
	return s
}
