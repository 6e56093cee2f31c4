package core

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// Start checks the app against its registered commands and opens its gate
// under the origins that the configuration names, for mounting in a server of
// yours. From here on nothing can be registered. It is called once; after an
// error the app is of no use.
func (app *App) Start() error {
	if app.config.FrameOrigin == "" {
		return errors.New("core: Config.FrameOrigin is empty: Start is for mounting under hosts of yours; call Run for an app of its own")
	}
	return app.start(app.config.FrameOrigin, func(w isolation.Window) (string, error) {
		origin, ok := app.config.Origins[w.Label]
		switch {
		case ok && w.Origin != "" && w.Origin != origin:
			return "", fmt.Errorf("core: window %q has two origins, in Config.Origins and in Config.Windows", w.Label)
		case ok:
			return origin, nil
		case w.Origin == "":
			return "", fmt.Errorf("core: Config.Origins has no page origin for window %q", w.Label)
		}
		return w.Origin, nil
	})
}

// StartInProcess starts the app without any host: no browser can reach it, and
// sessions are made by Gate's Offer. It is for tests, fuzzing and benchmarks.
func (app *App) StartInProcess() error { return app.start(inProcessFrame, inProcess) }

// No name under .invalid is ever anybody's.
const inProcessFrame = "https://frame.sallyport.invalid"

func inProcess(w isolation.Window) (string, error) {
	return "https://" + w.Label + ".page.sallyport.invalid", nil
}

// start freezes the app, checks it as a whole and opens the gate.
func (app *App) start(frameOrigin string, originOf func(isolation.Window) (string, error)) error {
	app.mu.Lock()
	defer app.mu.Unlock()
	if app.frozen {
		return errors.New("core: the app has been started before")
	}
	app.frozen = true
	if err := app.bindCommands(); err != nil {
		return err
	}
	app.describe()
	gate, err := app.newGate(frameOrigin, originOf, app.log)
	if err != nil {
		return err
	}
	if err := app.openRecord(); err != nil {
		gate.Close()
		return err
	}
	for _, last := range []func() error{
		func() error { return app.prepare(app.policy.Load()) },
		app.restoreGrants,
		app.openPrompts,
		app.openInputs,
	} {
		if err := last(); err != nil {
			gate.Close()
			app.grants.close() // or one that expires would rewrite a file that was not read to its end
			if app.closer != nil {
				err = errors.Join(err, app.closer.Close())
			}
			return err
		}
	}
	app.gate.Store(gate)
	app.announce()
	app.watchFolder()
	return nil
}

// newGate makes the windows, each under its origin, and a gate for them.
func (app *App) newGate(frameOrigin string, originOf func(isolation.Window) (string, error), log *slog.Logger) (*isolation.Gate, error) {
	windows := slices.Clone(app.files.windows)
	app.windows = make(map[string]*window, len(windows))
	for i := range windows {
		w := &windows[i]
		origin, err := originOf(*w)
		if err != nil {
			return nil, err
		}
		w.Origin = origin
		app.windows[w.Label] = newWindow(w.Label, origin, app.all())
		if app.config.FrameOrigin != "" {
			app.windows[w.Label].given = origin
		}
	}
	for label := range app.config.Origins {
		if app.windows[label] == nil {
			return nil, fmt.Errorf("core: Config.Origins names window %q, which the app does not have", label)
		}
	}
	gate, err := isolation.New(app.boundary(frameOrigin, windows, log), receiver{app})
	if err != nil {
		return nil, fmt.Errorf("core: %w", app.files.locate(err))
	}
	return gate, nil
}

// bindCommands gives commands without a schema file those of their Go types. It refuses a command
// without an input schema or with types that don't fit its schemas, and limits and schema files for
// commands that don't exist: a misspelt name must not lift a limit.
func (app *App) bindCommands() error {
	app.commands = make(map[string]*command, len(app.handlers))
	app.made = make(map[schemaKey]bool)
	var made []schema.Source
	for _, name := range slices.Sorted(maps.Keys(app.handlers)) {
		more, err := app.bindTypes(name)
		if err != nil {
			return err
		}
		made = append(made, more...)
	}
	more, err := app.eventTypes()
	if err != nil {
		return err
	}
	made = append(made, more...)
	if err := app.strayFile(made); err != nil {
		return err
	}
	if err := app.strayStream(); err != nil {
		return err
	}
	schemas, err := app.schemas.WithSources(made...)
	if err != nil {
		return fmt.Errorf("core: %w", err)
	}
	app.schemas = schemas
	for _, s := range made {
		app.made[schemaKey{s.Side, s.Name}] = true
	}
	for _, name := range slices.Sorted(maps.Keys(app.handlers)) {
		if !app.schemas.HasInput(name) {
			return fmt.Errorf("core: command %q has no input schema; expected it in %s, or a command registered with core.Command, of whose Go type it is made", name, app.place(schema.Input, name))
		}
		given := app.config.CommandLimits[name]
		app.commands[name] = &command{name: name, handler: app.handlers[name], given: given, limits: given.or(app.limits), streams: app.types[name].wants()}
	}
	if err := app.bindEvents(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(app.config.CommandLimits)) {
		if app.commands[name] != nil {
			continue
		}
		if said := app.files.said; said != nil && said.Given("/limits/"+name) {
			return fmt.Errorf("core: %w", said.Errorf("/limits/"+name, "%q is not a registered command", name))
		}
		return fmt.Errorf("core: CommandLimits names %q, which is not a registered command", name)
	}
	return nil
}

// openRecord opens the default record, if the configuration brings none.
func (app *App) openRecord() error {
	app.recorder = app.config.Record
	if app.recorder != nil {
		return nil
	}
	file, err := recordFile(app.name)
	if err != nil {
		return err
	}
	lines, err := audits.OpenLines(file)
	if err != nil {
		return fmt.Errorf("core: %w", err)
	}
	app.recorder, app.closer = lines, lines
	return nil
}

// openPrompts makes the app one that asks, if the configuration says how.
func (app *App) openPrompts() error {
	if app.config.Prompter == nil {
		return nil
	}
	file, err := app.answersFile()
	if err != nil {
		return err
	}
	if app.answers, err = openAnswers(file, app.policy.Load().Revision()); err != nil {
		return err
	}
	app.prompts = &prompts{prompter: app.config.Prompter, timeout: app.config.PromptTimeout, log: app.log}
	return nil
}

// answersFile is where answers for always are kept: beside the default record,
// which one process at a time holds, or where the configuration says.
func (app *App) answersFile() (string, error) {
	switch {
	case app.config.AnswersFile != "":
		return app.config.AnswersFile, nil
	case app.config.Record != nil:
		return "", nil
	}
	file, err := recordFile(app.name)
	return filepath.Join(filepath.Dir(file), "answers.json"), err
}

// announce logs what an operator should know, above all what was given up.
func (app *App) announce() {
	app.log.Info("core: started", "app", app.name, "commands", len(app.commands), "windows", len(app.windows),
		"policy", app.policy.Load().Revision(), "schemas", app.schemas.Revision())
	if app.pattern == isolation.Brownfield {
		app.log.Warn("core: brownfield pattern: the page itself holds the keys. Given up: the isolation hook, " +
			"the separation of the keys' memory from the page's scripts, and the frame's reports of refused calls. " +
			"Schemas, capabilities, limits and record hold as before")
	}
	if app.development {
		app.log.Warn("core: development mode: pages learn what is wrong with their arguments, and handlers' errors are logged")
	}
	if app.inputs != nil {
		app.log.Warn("core: what pages ask for is written in clear, arguments included", "file", app.config.PolicyInputs)
	}
	if app.answers != nil && app.answers.file == "" {
		app.log.Warn("core: answers for always are not offered: Config.AnswersFile says nowhere to keep them")
	}
	app.warnUnknown(app.policy.Load())
	if listed := app.files.commands; listed != nil && !slices.Equal(listed, slices.Sorted(maps.Keys(app.commands))) {
		app.log.Warn("core: sallyport.json lists other commands than are registered; run sallyport manifest", "listed", len(listed), "registered", len(app.commands))
	}
}
