package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// A specReader takes a YAML document apart, strictly, and goes on after an
// error so that all of them can be told at once.
type specReader struct {
	source   []rune
	problems []specProblem
}

// A specPair is a key of a mapping with its value.
type specPair struct {
	name       string
	key, value *yaml.Node
}

func (r *specReader) wrong(n *yaml.Node, advice, format string, args ...any) {
	r.problems = append(r.problems, specProblem{n.Line, n.Column, fmt.Sprintf(format, args...), advice})
}

// value says of a node what the code that flags share says of its value.
func (r *specReader) value(n *yaml.Node, err *valueError) {
	if err == nil {
		return
	}
	advice := err.advice
	if advice == "" {
		advice = "for example: " + exampleOf(err.key)
	}
	r.wrong(n, advice, "%s %s", err.key, err.problem)
}

// aliased is what an alias stands for. Nothing here goes deeper than a list in
// a table, so an anchor that contains itself does no harm.
func aliased(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func empty(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// mapping returns the pairs of a mapping in their order, none of an empty value.
func (r *specReader) mapping(n *yaml.Node, what, example string) []specPair {
	n = aliased(n)
	if empty(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode || n.ShortTag() != "!!map" {
		r.wrong(n, "for example: "+example, "%s must be a mapping of keys to values", what)
		return nil
	}
	var out []specPair
	for i := 0; i < len(n.Content); i += 2 {
		key := aliased(n.Content[i])
		if key.Kind != yaml.ScalarNode {
			r.wrong(key, "", "a key of %s is no text", what)
			continue
		}
		if first := slices.IndexFunc(out, func(p specPair) bool { return p.name == key.Value }); first >= 0 {
			r.wrong(n.Content[i], fmt.Sprintf("keep one of them; the first is in line %d", out[first].key.Line),
				"%s has the key %q twice", what, key.Value)
			continue
		}
		out = append(out, specPair{key.Value, n.Content[i], n.Content[i+1]})
	}
	return out
}

// unknown refuses a key that is none of those known, and names the nearest, or
// the place where it belongs.
func (r *specReader) unknown(p specPair, where string, known []string, elsewhere map[string][]string) {
	advice := "the keys here are: " + strings.Join(known, ", ")
	if near := nearest(p.name, slices.Clone(known)); near != "" {
		advice = "did you mean " + near + "?"
	}
	plain := keyOf(p.name)
	for place, keys := range elsewhere {
		if slices.Contains(keys, plain) {
			advice = plain + " belongs under " + place
		}
	}
	r.wrong(p.key, advice, "unknown key %q in %s", p.name, where)
}

// text reads a value that must be text, or may be a number or a truth value as
// well, which then counts as it is written.
func (r *specReader) text(n *yaml.Node, key string, anything bool) (string, bool) {
	n = aliased(n)
	tag := n.ShortTag()
	plain := tag == "!!int" || tag == "!!float" || tag == "!!bool" || tag == "!!timestamp"
	switch {
	case empty(n):
		r.wrong(n, "for example: "+exampleOf(key), "%s has no value", key)
	case n.Kind != yaml.ScalarNode || tag != "!!str" && !plain:
		r.wrong(n, "for example: "+exampleOf(key), "%s must be text", key)
	case plain && !anything:
		r.wrong(n, fmt.Sprintf("put it in quotes if you mean it: %q", n.Value), "%s must be text, and %s is none", key, n.Value)
	case strings.TrimSpace(n.Value) == "":
		r.wrong(n, "for example: "+exampleOf(key), "%s is empty", key)
	default:
		return n.Value, true
	}
	return "", false
}

// quotedStyles are those in which # is text.
const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// sql is text that may hold SQL, where # is part of operators (a #> b): what YAML
// takes for a comment behind it is refused, or half of an expression would be lost in silence.
func (r *specReader) sql(n *yaml.Node, key string, anything bool) (string, bool) {
	text, ok := r.text(n, key, anything)
	if n = aliased(n); ok && n.Style&quotedStyles == 0 && r.commented(n) {
		r.wrong(n, "if it is part of the text put all of it in quotes, else put the comment on a line of its own",
			"there is a # behind %s", key)
		return "", false
	}
	return text, ok
}

// commented reports whether a comment follows the text of a plain node, of which
// only the white space can be other than in the file.
func (r *specReader) commented(n *yaml.Node) bool {
	line, at := 1, 0
	for ; at < len(r.source) && line < n.Line; at++ {
		if r.source[at] == '\n' {
			line++
		}
	}
	at += n.Column - 1
	for _, c := range n.Value {
		if unicode.IsSpace(c) {
			continue
		}
		for at < len(r.source) && unicode.IsSpace(r.source[at]) {
			at++
		}
		if at >= len(r.source) || r.source[at] != c {
			return true // in doubt it is to be in quotes
		}
		at++
	}
	for at < len(r.source) && r.source[at] != '\n' && unicode.IsSpace(r.source[at]) {
		at++
	}
	return at < len(r.source) && r.source[at] == '#'
}

// texts calls each for every text of a list; one alone needs no list.
func (r *specReader) texts(n *yaml.Node, key string, each func(n *yaml.Node, text string)) {
	items := []*yaml.Node{n}
	if list := aliased(n); list.Kind == yaml.SequenceNode && list.ShortTag() == "!!seq" {
		items = list.Content
	}
	for _, item := range items {
		if text, ok := r.sql(item, key, false); ok {
			each(aliased(item), text)
		}
	}
}

// truth reads true or false.
func (r *specReader) truth(n *yaml.Node, key string) bool {
	n = aliased(n)
	var out bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&out) != nil {
		r.wrong(n, "for example: "+exampleOf(key), "%s must be true or false", key)
	}
	return out
}
