package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/audits"
)

const (
	grantsVersion = 1
	maxGrantsFile = 16 << 20 // bytes
)

// keptGrants is the file of the grants that persist.
type keptGrants struct {
	Version int         `json:"version"`
	Grants  []keptGrant `json:"grants"`
}

type keptGrant struct {
	ID            string                     `json:"id"`
	Since         time.Time                  `json:"since"`
	Windows       []string                   `json:"windows"`
	Origins       []string                   `json:"origins,omitzero"`
	Commands      []string                   `json:"commands"`
	Args          map[string]json.RawMessage `json:"args,omitzero"`
	Expires       time.Time                  `json:"expires,omitzero"`
	CancelRunning bool                       `json:"cancel_running,omitzero"`
	Title         string                     `json:"title,omitzero"`
	Reason        string                     `json:"reason,omitzero"`
}

// grantsFile is where grants that persist are kept: beside the default record,
// which one process at a time holds, or where the configuration says.
func (app *App) grantsFile() (string, error) {
	switch {
	case app.config.GrantsFile != "":
		return app.config.GrantsFile, nil
	case app.config.Record != nil:
		return "", nil
	}
	file, err := recordFile(app.name)
	return filepath.Join(filepath.Dir(file), "grants.json"), err
}

// restoreGrants puts the grants in force that an earlier run kept.
func (app *App) restoreGrants() error {
	gs := &app.grants
	var err error
	if gs.file, err = app.grantsFile(); err != nil || gs.file == "" {
		return err
	}
	kept, err := readGrants(gs.file)
	if err != nil {
		return fmt.Errorf("core: %s: %w; remove the file to start without the grants in it", gs.file, err)
	}
	lost := false
	for i, k := range kept {
		verdict, err := app.restore(k)
		switch {
		case verdict == audits.VerdictExpired || verdict == audits.VerdictEnded:
			lost = true
			app.log.Warn("core: a grant of an earlier run counts no more", "grant", k.ID, "why", err)
			if err := app.event(audits.Record{Verdict: verdict, Grant: k.ID, Reason: err.Error()}); err != nil {
				return fmt.Errorf("core: %s: %w", gs.file, err)
			}
		case err != nil:
			return fmt.Errorf("core: %s: grants[%d]: %w; remove the file to start without the grants in it", gs.file, i, err)
		}
	}
	if lost {
		return gs.keep(nil)
	}
	return nil
}

// restore lets one grant of an earlier run count again. With a verdict, the
// error is why it ended.
func (app *App) restore(k keptGrant) (verdict string, err error) {
	now := time.Now()
	if k.ID == "" || k.Since.IsZero() || app.grants.find(k.ID) != nil {
		return "", errors.New("it has no id of its own, or no since")
	}
	if !k.Expires.IsZero() && !now.Before(k.Expires) {
		return audits.VerdictExpired, errors.New("it has expired")
	}
	g := Grant{
		Windows: k.Windows, Origins: k.Origins, Commands: k.Commands, Expires: k.Expires,
		Persist: true, CancelRunning: k.CancelRunning, Title: k.Title, Reason: k.Reason,
	}
	if k.Args != nil {
		g.Args = make(map[string]any)
		for name, text := range k.Args {
			g.Args[name] = jsontext.Value(text)
		}
	}
	h, err := app.newGrant(g, now)
	if _, gone := errors.AsType[misfit](err); gone {
		return audits.VerdictEnded, fmt.Errorf("it does not fit the app any more: %w", err)
	}
	if err != nil {
		return "", err
	}
	h.ID, h.Since = k.ID, k.Since
	app.grants.add(app, h)
	return "", nil
}

// readGrants reads a file of grants. There need be none.
func readGrants(file string) ([]keptGrant, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return nil, errors.New("others than its owner may write it, and so may have granted themselves what they like")
	case info.Size() > maxGrantsFile:
		return nil, fmt.Errorf("it has more than %d bytes", maxGrantsFile)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var kept keptGrants
	if err := jsonv2.Unmarshal(data, &kept, jsonv2.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("it is not what this program writes: %w", err)
	}
	switch {
	case kept.Version != grantsVersion:
		return nil, fmt.Errorf("version %d of the file was expected, got %d", grantsVersion, kept.Version)
	case kept.Grants == nil:
		return nil, errors.New("it has no grants, not even none")
	case len(kept.Grants) > maxGrants:
		return nil, fmt.Errorf("it has more than %d grants", maxGrants)
	}
	return kept.Grants, nil
}

// keep writes the grants that persist and still count, and one that is about to.
func (gs *grants) keep(more *grant) error {
	kept := keptGrants{Version: grantsVersion, Grants: []keptGrant{}}
	gs.mu.Lock()
	all := slices.Collect(maps.Values(gs.all))
	gs.mu.Unlock()
	if more != nil {
		all = append(all, more)
	}
	for _, g := range all {
		if g.Persist {
			kept.Grants = append(kept.Grants, g.kept())
		}
	}
	slices.SortFunc(kept.Grants, func(a, b keptGrant) int { return a.Since.Compare(b.Since) })
	text, err := jsonv2.Marshal(kept, jsontext.Multiline(true))
	switch {
	case err != nil:
	case len(text) >= maxGrantsFile: // the next start would not read it
		err = fmt.Errorf("it would have more than %d bytes; let fewer grants persist, or with smaller Args", maxGrantsFile)
	default:
		err = replaceFile(gs.file, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%s could not be written: %w", gs.file, err)
	}
	return nil
}

func (g *grant) kept() keptGrant {
	k := keptGrant{
		ID: g.ID, Since: g.Since, Windows: g.Windows, Origins: g.Origins, Commands: g.Commands, Expires: g.Expires,
		CancelRunning: g.CancelRunning, Title: g.Title, Reason: g.Reason,
	}
	if g.Args != nil {
		k.Args = make(map[string]json.RawMessage)
		for name, value := range g.Args {
			k.Args[name] = value.(json.RawMessage)
		}
	}
	return k
}
