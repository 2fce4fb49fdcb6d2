package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v4"

	"github.com/repave-pg/repave/internal/shadow"
)

const specHeader = `# What repave is to change. Plan it with: repave plan -f FILE; run it, and go on with it, with: repave run -f FILE
# Only what changes is listed. All keys: docs/spec.md

`

// specFile is the spec file that asks for the same as tables and flags do.
func (t target) specFile(c *cli.Context) *specFile {
	out := &specFile{referencing: t.referencing}
	for _, table := range t.tables {
		out.tables = append(out.tables, specTable{name: table.Plain(), change: t.changes[table]})
	}
	for _, key := range paceKeys() {
		if flag := flagOf(key.name); c.IsSet(flag) {
			out.pace = append(out.pace, paceValue{flag, plainValue(c.Value(flag))})
		}
	}
	return out
}

// plainValue is a flag's value as people write it: 1h, where Go has 1h0m0s.
func plainValue(value any) string {
	text := fmt.Sprint(value)
	if _, ok := value.(time.Duration); ok {
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
	}
	return text
}

// writeSpec prints a spec file, having made sure that it is read as what it
// says.
func writeSpec(w io.Writer, f *specFile) error {
	data, err := f.yaml()
	if err == nil {
		var back *specFile
		if back, err = parseSpec("spec", data); err == nil && !back.same(f) {
			err = fmt.Errorf("it would be read as something else")
		}
	}
	if err != nil {
		return &failure{
			problem: "this can't be written as YAML: " + err.Error(), advice: "use the flags; is a name or an expression no valid UTF-8?",
		}
	}
	_, err = w.Write(data)
	return err
}

// same reports whether two files ask for the same.
func (f *specFile) same(other *specFile) bool {
	return f.referencing == other.referencing && slices.Equal(f.pace, other.pace) &&
		slices.EqualFunc(f.tables, other.tables, func(a, b specTable) bool {
			return a.name == b.name && len(a.change.Differences(b.change)) == 0
		})
}

func (f *specFile) yaml() ([]byte, error) {
	tables := mappingNode()
	for _, t := range f.tables {
		put(tables, textNode(t.name), changeNode(t.change), "")
	}
	root := mappingNode()
	put(root, textNode("tables"), tables, "One job: all of them are swapped in one transaction.")
	if f.referencing {
		put(root, textNode("with_referencing"), plainNode("true"),
			"The columns that refer to a key with pk_bigint become bigint, too; their tables join the job.")
	}
	if len(f.pace) > 0 {
		pace := mappingNode()
		for _, key := range paceKeys() {
			i := slices.IndexFunc(f.pace, func(v paceValue) bool { return v.flag == flagOf(key.name) })
			if i < 0 {
				continue
			}
			value := textNode(f.pace[i].text)
			if _, err := strconv.ParseFloat(f.pace[i].text, 64); err == nil {
				value = plainNode(f.pace[i].text)
			}
			put(pace, textNode(key.name), value, key.help)
		}
		put(root, textNode("pace"), pace, "How hard to work. It may be another one each time; flags win.")
	}
	out := bytes.NewBufferString(specHeader)
	dumper, err := yaml.NewDumper(out, yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(false))
	if err != nil {
		return nil, err
	}
	if err := dumper.Dump(root); err != nil {
		return nil, err
	}
	return out.Bytes(), dumper.Close()
}

// changeNode is a change with nothing but what is asked for.
func changeNode(change shadow.Change) *yaml.Node {
	values := map[string]*yaml.Node{
		"alter": textsNode(change.Alter), "drop_constraints": textsNode(change.DropConstraints),
	}
	if len(change.Using) > 0 {
		values["using"] = mappingNode()
		for _, column := range slices.Sorted(maps.Keys(change.Using)) {
			put(values["using"], textNode(column), textNode(change.Using[column]), "")
		}
	}
	if len(change.Set) > 0 {
		values["set"] = mappingNode()
		for _, option := range change.Set {
			name, value, _ := strings.Cut(option, "=")
			put(values["set"], textNode(name), textNode(value), "")
		}
	}
	truth := func(key string, value bool) {
		if value {
			values[key] = plainNode("true")
		}
	}
	truth("pk_bigint", change.PKBigint)
	truth("optimize_columns", change.OptimizeColumns)
	text := func(key, value string) {
		if value != "" {
			values[key] = textNode(value)
		}
	}
	text("tablespace", string(change.Tablespace))
	text("partition_by", change.PartitionBy)
	if len(change.OrderBy) > 0 {
		text("order_by", orderOf(change))
	}
	if sizedAhead(change) {
		values["partitions_ahead"] = plainNode(strconv.Itoa(change.PartitionsAhead))
	}
	out := mappingNode()
	for _, key := range tableKeys() {
		if node := values[key.name]; node != nil {
			put(out, textNode(key.name), node, key.help)
		}
	}
	if len(out.Content) == 0 {
		out.Style = yaml.FlowStyle
	}
	return out
}

func mappingNode() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

// put adds a key to a mapping, under a comment.
func put(mapping, key, value *yaml.Node, comment string) {
	if comment != "" {
		key.HeadComment = comment
	}
	mapping.Content = append(mapping.Content, key, value)
}

func textsNode(texts []string) *yaml.Node {
	if len(texts) == 0 {
		return nil
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, text := range texts {
		out.Content = append(out.Content, textNode(text))
	}
	return out
}

// plainNode is a number or a truth value.
func plainNode(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// simple texts need no quotes, whatever is around them, unless they look like
// something else, which the library sees.
var simple = regexp.MustCompile(`^[A-Za-z0-9_(]([A-Za-z0-9_ ().*/+=<>'-]*[A-Za-z0-9_)'])?$`)

// textNode is any text. In double quotes everything can be escaped.
func textNode(text string) *yaml.Node {
	out := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if !simple.MatchString(text) {
		out.Style = yaml.DoubleQuotedStyle
	}
	return out
}
