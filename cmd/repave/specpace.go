package main

import (
	"flag"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v4"
)

// parsed is a context in which flags can be set as on a command line.
func parsed(flags []cli.Flag) (*cli.Context, *flag.FlagSet, error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range flags {
		if err := f.Apply(set); err != nil {
			return nil, nil, err
		}
	}
	c := cli.NewContext(nil, set, nil)
	c.Command = &cli.Command{Name: "run", Flags: flags}
	return c, set, nil
}

// pace reads how hard to work: each key is the flag of its name, which also
// says what is wrong with a value.
func (r *specReader) pace(n *yaml.Node) []paceValue {
	c, set, err := parsed(effortFlagSet())
	if err != nil {
		r.wrong(n, "", "%v", err)
		return nil
	}
	var out []paceValue
	at := map[string]*yaml.Node{}
	for _, p := range r.mapping(n, "pace", "pace: {workers: 4}") {
		keys := paceKeys()
		i := slices.IndexFunc(keys, func(k paceKey) bool { return k.name == p.name })
		if i < 0 {
			r.unknown(p, "pace", paceNames(), map[string][]string{"a table": tableNames()})
			continue
		}
		text, ok := r.text(p.value, p.name, true)
		if !ok {
			continue
		}
		text = strings.TrimSpace(text)
		if set.Set(flagOf(p.name), text) != nil {
			r.wrong(aliased(p.value), "for example: "+exampleOf(p.name), "%s: %q is not %s", p.name, text, kindOf(keys[i].flag))
			continue
		}
		at[p.name] = aliased(p.value)
		out = append(out, paceValue{flagOf(p.name), text})
	}
	_, wrong := pace(c)
	for _, err := range wrong {
		if at[err.key] != nil {
			r.value(at[err.key], err)
		}
	}
	return out
}

// kindOf says what values a flag takes.
func kindOf(f cli.Flag) string {
	switch f.(type) {
	case *cli.IntFlag:
		return "a whole number"
	case *cli.DurationFlag:
		return "a duration"
	case *cli.Float64Flag:
		return "a number"
	default:
		return "a text"
	}
}
