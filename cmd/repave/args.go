package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// A syntax knows which flags there are and which of them take a value. It lets
// flags stand before and after the command and its tables, where cli stops at
// the first argument that is none.
type syntax struct {
	global   map[string]bool // flag -> takes a value
	commands map[string]map[string]bool
}

func syntaxOf(app *cli.App) syntax {
	s := syntax{global: flagNames(app.Flags), commands: map[string]map[string]bool{}}
	s.global["version"], s.global["v"] = false, false
	for _, command := range app.Commands {
		flags := flagNames(command.Flags)
		flags["help"], flags["h"] = false, false
		for _, name := range command.Names() {
			s.commands[name] = flags
		}
	}
	return s
}

func flagNames(flags []cli.Flag) map[string]bool {
	out := map[string]bool{}
	for _, flag := range flags {
		documented, ok := flag.(cli.DocGenerationFlag)
		for _, name := range flag.Names() {
			out[name] = ok && documented.TakesValue()
		}
	}
	return out
}

// A given flag is one that stands on the command line.
type given struct {
	name     string
	value    string
	hasValue bool
}

func (g given) String() string {
	if g.hasValue {
		return "--" + g.name + "=" + g.value
	}
	return "--" + g.name
}

// help reports whether it asks for help.
func (g given) help() bool { return g.name == "help" || g.name == "h" }

// normalise puts arguments in the order that cli understands: global flags,
// command, its flags, "--", everything else. Values are joined to their flags,
// so that they may begin with a dash.
func (s syntax) normalise(args []string) ([]string, error) {
	var flags []given
	var words []string
	for i := 1; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			words = append(words, args[i+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			words = append(words, arg)
			continue
		}
		flag := given{}
		flag.name, flag.value, flag.hasValue = strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		if s.takesValue(flag.name) && !flag.hasValue {
			i++
			if i == len(args) || s.isFlag(args[i]) {
				return nil, &usageError{
					problem: fmt.Sprintf("flag --%s needs a value", flag.name),
					advice:  fmt.Sprintf("write it as --%s VALUE or --%s=VALUE", flag.name, flag.name),
				}
			}
			flag.value, flag.hasValue = args[i], true
		}
		flags = append(flags, flag)
	}
	if err := guardSecrets(words); err != nil {
		return nil, err
	}
	return s.order(args[0], flags, words)
}

// order puts everything in its place, and refuses flags that have none.
func (s syntax) order(name string, flags []given, words []string) ([]string, error) {
	command := ""
	if len(words) > 0 {
		command, words = words[0], words[1:]
		if command == "help" { // the name of a command may follow
			return helpArgs(name, words), nil
		}
	}
	own, known := s.commands[command]
	if known && slices.ContainsFunc(flags, given.help) {
		return helpArgs(name, []string{command}), nil
	}
	out := []string{name}
	var rest []string
	for _, flag := range flags {
		_, isGlobal := s.global[flag.name]
		_, isOwn := own[flag.name]
		switch {
		case isGlobal, flag.help() && command == "":
			out = append(out, flag.String())
		case isOwn:
			rest = append(rest, flag.String())
		case known || command == "":
			return nil, s.unknownFlag(command, own, flag.name)
		}
	}
	if command == "" {
		return out, nil
	}
	if !known {
		return append(out, "--", command), nil
	}
	return slices.Concat(out, []string{command}, rest, []string{"--"}, words), nil
}

// helpArgs turns "help COMMAND" into "COMMAND --help".
func helpArgs(name string, words []string) []string {
	if len(words) == 0 {
		return []string{name, "--help"}
	}
	return []string{name, words[0], "--help"}
}

// takesValue reports whether any flag of that name takes a value; a name means
// the same with every command.
func (s syntax) takesValue(name string) bool {
	if s.global[name] {
		return true
	}
	for _, flags := range s.commands {
		if flags[name] {
			return true
		}
	}
	return false
}

// isFlag reports whether arg is the name of a flag, in which case it is hardly
// meant as another flag's value.
func (s syntax) isFlag(arg string) bool {
	name, long := strings.CutPrefix(arg, "--")
	if !long {
		return false
	}
	name, _, _ = strings.Cut(name, "=")
	_, found := s.global[name]
	for _, flags := range s.commands {
		_, has := flags[name]
		found = found || has
	}
	return found
}

// unknownFlag says which flag may have been meant. The value is left out: it
// may be a secret.
func (s syntax) unknownFlag(command string, own map[string]bool, name string) error {
	all := maps.Clone(s.global)
	maps.Copy(all, own)
	err := &usageError{problem: "unknown flag: --" + name, advice: "see: repave --help"}
	if command != "" {
		err.problem = fmt.Sprintf("repave %s has no flag --%s", command, name)
		err.advice = fmt.Sprintf("see: repave %s --help", command)
	}
	if near := nearest(name, slices.Collect(maps.Keys(all))); near != "" {
		err.advice = "did you mean --" + near + "?"
	}
	return err
}

func unknownCommand(app *cli.App, name string) error {
	var names []string
	for _, command := range app.Commands {
		names = append(names, command.Name)
	}
	err := &usageError{problem: fmt.Sprintf("unknown command %q", name), advice: "see: repave --help"}
	if near := nearest(name, names); near != "" {
		err.advice = "did you mean repave " + near + "?"
	}
	return err
}

// nearest returns the candidate that name is most likely a misspelling of, or
// "".
func nearest(name string, candidates []string) string {
	const most = 3 // edits
	slices.Sort(candidates)
	distance := func(to string) int { return smetrics.WagnerFischer(name, to, 1, 1, 1) }
	best := ""
	if len(candidates) > 0 {
		best = slices.MinFunc(candidates, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	}
	if best == "" || len(best) < 3 || distance(best) > min(most, len(best)/2) {
		return ""
	}
	return best
}
