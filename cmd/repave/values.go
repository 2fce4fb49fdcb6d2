package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/internal/sqllex"
)

// partitionsAhead is how many partitions of a RANGE are made beyond now and the
// last value.
const partitionsAhead = 3

// A valueError says what is wrong with the value of a flag, or of the key of
// the same name in a spec file.
type valueError struct {
	key     string // as in a file: order_by
	problem string
	advice  string
	example string // a value that is right, if there is no advice
}

// flagOf is the flag of a key.
func flagOf(key string) string {
	if key == "drop_constraints" {
		return "drop-constraint" // repeatable
	}
	return strings.ReplaceAll(key, "_", "-")
}

// keyOf is the key of a flag.
func keyOf(flag string) string {
	if flag == "drop-constraint" {
		return "drop_constraints"
	}
	return strings.ReplaceAll(flag, "-", "_")
}

func (e *valueError) Error() string { return "--" + flagOf(e.key) + " " + e.problem }

// Hint says what to do about it on the command line.
func (e *valueError) Hint() string {
	if e.advice == "" {
		return "for example: --" + flagOf(e.key) + " " + shell.Quote(e.example)
	}
	return e.advice
}

// addAlter adds an action list to a change.
func addAlter(out *shadow.Change, actions string) *valueError {
	actions = strings.TrimSpace(actions)
	if actions == "" {
		return &valueError{key: "alter", problem: "is empty", example: "ALTER COLUMN total TYPE bigint"}
	}
	out.Alter = append(out.Alter, actions)
	return nil
}

// addUsing adds the value of a column.
func addUsing(out *shadow.Change, column, expression string) *valueError {
	expression = strings.TrimSpace(expression)
	if column == "" || expression == "" {
		return notUsing(column + "=" + expression)
	}
	if _, twice := out.Using[column]; twice {
		return &valueError{
			key: "using", problem: fmt.Sprintf("names column %s twice", column), advice: "a column has one value: keep one of them",
		}
	}
	if out.Using == nil {
		out.Using = map[string]string{}
	}
	out.Using[column] = expression
	return nil
}

func notUsing(text string) *valueError {
	return &valueError{key: "using", problem: fmt.Sprintf("%q is not COL=EXPR", text), example: "total=price * amount"}
}

// addOrder sets the order of the rows: names as in SQL, with commas in between.
func addOrder(out *shadow.Change, text string) *valueError {
	tokens, err := sqllex.Lex(text)
	var columns []string
	for i, token := range tokens {
		name := token.Kind == sqllex.Word || token.Kind == sqllex.Quoted
		if name != (i%2 == 0) || !name && token.Text != "," || slices.Contains(columns, token.Text) && name {
			err = errors.New("not a list of columns")
			break
		}
		if name {
			columns = append(columns, token.Text)
		}
	}
	if err != nil || len(tokens)%2 == 0 {
		return &valueError{
			key: "order_by", problem: fmt.Sprintf("%q is not a list of columns", text), example: `customer_id, "Created at"`,
		}
	}
	out.OrderBy = columns
	return nil
}

// addSet adds a storage parameter.
func addSet(out *shadow.Change, name, value string) *valueError {
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	said := slices.ContainsFunc(out.Set, func(s string) bool { return strings.HasPrefix(s, name+"=") })
	if name == "" || value == "" || said || strings.Contains(name, "=") {
		return notSet(name + "=" + value)
	}
	out.Set = append(out.Set, name+"="+value)
	return nil
}

func notSet(text string) *valueError {
	return &valueError{key: "set", problem: fmt.Sprintf("%q is not NAME=VALUE, or says it twice", text), example: "fillfactor=90"}
}

// addPartitions says how to partition the table; clause and ahead are nil if
// nothing was said.
func addPartitions(out *shadow.Change, clause *string, ahead *int) *valueError {
	const key = "partitions_ahead"
	if clause == nil {
		if ahead != nil {
			return &valueError{key: key, problem: "says nothing where nothing is partitioned", advice: "leave it out"}
		}
		return nil
	}
	out.PartitionBy = *clause
	parsed, err := partitioning.Parse(out.PartitionBy)
	if syntax, ok := errors.AsType[*partitioning.SyntaxError](err); ok {
		return &valueError{key: "partition_by", problem: fmt.Sprintf("'%s': %v", out.PartitionBy, syntax), advice: syntax.Hint()}
	}
	if parsed.Method != partitioning.Range {
		if ahead != nil {
			return &valueError{key: key, problem: "is for RANGE", advice: "leave it out"}
		}
		return nil
	}
	out.PartitionsAhead = partitionsAhead
	if ahead != nil {
		out.PartitionsAhead = *ahead
	}
	if out.PartitionsAhead < 0 || out.PartitionsAhead > partitioning.Most {
		return &valueError{
			key: key, problem: fmt.Sprintf("%d is out of range", out.PartitionsAhead),
			advice: fmt.Sprintf("from 0 to %d; the default is %d", partitioning.Most, partitionsAhead),
		}
	}
	return nil
}
