package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v2"
)

// A program is one run of the command line.
type program struct {
	stdin  io.Reader
	stdout io.Writer // results only
	stderr *console  // all that is said about them
}

// run runs the command line and returns the process's exit code. Results go to
// stdout; everything said about them goes to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: newConsole(stderr)}
	app := p.newApp()
	args, err := syntaxOf(app).normalise(args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		err = &interruptedError{err} // whatever err says, this is why
	}
	printError(p.stderr, err)
	return exitCode(err)
}

func (p *program) newApp() *cli.App {
	app := &cli.App{
		Name:      "repave",
		Usage:     "rewrite PostgreSQL tables while they are in use",
		UsageText: "repave [flags] COMMAND TABLE... [flags]",
		Version:   version,
		Writer:    p.stdout,
		ErrWriter: p.stderr,
		Flags:     globalFlags(),
		Commands: []*cli.Command{
			p.analyzeCommand(),
			p.planCommand(),
			p.runCommand(),
			p.statusCommand(),
			p.swapCommand(),
			p.verifyCommand(),
			p.revertSwapCommand(),
			p.workCommand(),
			p.followCommand(),
			p.pauseCommand(),
			p.resumeCommand(),
			p.cleanupCommand(),
			p.resetCommand(),
			p.initCommand(),
			p.demoCommand(),
		},
		// Or else a value with a comma in it would be two.
		DisableSliceFlagSeparator: true,
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
	}
	app.Action = func(c *cli.Context) error {
		if !c.Args().Present() {
			return cli.ShowAppHelp(c)
		}
		return unknownCommand(app, c.Args().First())
	}
	for _, command := range app.Commands {
		command.OnUsageError = onUsageError
		command.HideHelpCommand = true // or else a table named help could not be named
	}
	return app
}

func onUsageError(_ *cli.Context, err error, _ bool) error {
	return &usageError{problem: err.Error(), advice: "see: repave --help"}
}
