// Package partitioning reads what an operator wants a table partitioned by,
// and says which partitions that makes of the values a table has. It knows
// nothing of a server.
package partitioning

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/internal/sqllex"
	"github.com/repave-pg/repave/sqltmpl"
)

// Most partitions that a table is cut into. Every one is a table with its
// indexes, which each query that can't leave it out has to lock.
const (
	Most     = 1000
	MostList = 100
)

// A Method is how rows find their partition.
type Method string

// The methods.
const (
	Range Method = "RANGE"
	List  Method = "LIST"
	Hash  Method = "HASH"
)

// A Unit is what an interval counts.
type Unit int

// The units of an interval; weeks are days, quarters and years are months.
const (
	None Unit = iota
	Hours
	Days
	Months
)

// A Clause is what follows --partition-by.
type Clause struct {
	Method  Method
	Columns sqltmpl.Columns
	Count   int      // HASH: how many partitions
	Width   *big.Int // RANGE of numbers: of one partition
	Every   int      // RANGE of times: of one partition, in Unit
	Unit    Unit
	label   string // the layout of a partition's name
	week    bool   // days are counted from a Monday
}

// A SyntaxError says why a clause can't be read.
type SyntaxError struct{ Problem string }

func (e *SyntaxError) Error() string { return e.Problem }

// Hint shows what clauses look like.
func (e *SyntaxError) Hint() string {
	return "one of: 'RANGE (created_at) INTERVAL 1 month', 'RANGE (id) WIDTH 1000000', 'LIST (region)', 'HASH (id) 16'"
}

func wrong(problem string) error { return &SyntaxError{Problem: problem} }

// Parse reads a clause.
func Parse(text string) (Clause, error) {
	tokens, err := sqllex.Lex(text)
	if err != nil {
		return Clause{}, wrong(err.Error())
	}
	if len(tokens) == 0 {
		return Clause{}, wrong("it is empty")
	}
	c := Clause{Method: Method(strings.ToUpper(tokens[0].Text))}
	if tokens[0].Kind != sqllex.Word || c.Method != Range && c.Method != List && c.Method != Hash {
		return c, wrong("it begins with neither RANGE, LIST nor HASH")
	}
	rest, err := c.columns(tokens[1:])
	if err != nil {
		return c, err
	}
	if c.Method != Hash && len(c.Columns) > 1 {
		return c, wrong(string(c.Method) + " takes one column")
	}
	return c, c.size(rest)
}

// columns reads the list of columns in parentheses, and returns what follows it.
func (c *Clause) columns(tokens []sqllex.Token) ([]sqllex.Token, error) {
	if len(tokens) == 0 || tokens[0].Text != "(" || tokens[0].Kind != sqllex.Symbol {
		return nil, wrong("the column in parentheses is missing after " + string(c.Method))
	}
	for i := 1; i+1 < len(tokens); i += 2 {
		name, after := tokens[i], tokens[i+1]
		if name.Kind != sqllex.Word && name.Kind != sqllex.Quoted || after.Kind != sqllex.Symbol {
			break
		}
		c.Columns = append(c.Columns, sqltmpl.Ident(name.Text))
		if after.Text == ")" {
			return tokens[i+2:], nil
		}
		if after.Text != "," {
			break
		}
	}
	return nil, wrong("there must be names of columns in the parentheses, no expressions")
}

// size reads what follows the columns.
func (c *Clause) size(rest []sqllex.Token) error {
	switch {
	case c.Method == List && len(rest) == 0:
		return nil
	case c.Method == List:
		return wrong("nothing follows LIST (column): a partition is made for every value")
	case c.Method == Hash:
		n, ok := number(rest)
		if !ok || n < 2 || n > Most {
			return wrong("how many partitions must follow HASH (columns), from 2 to " + strconv.Itoa(Most))
		}
		c.Count = n
		return nil
	case len(rest) > 0 && rest[0].Is("width"):
		width := ""
		if len(rest) == 2 && rest[1].Kind == sqllex.Number {
			width = rest[1].Text
		}
		n, ok := new(big.Int).SetString(width, 10)
		if !ok || n.Sign() <= 0 {
			return wrong("a positive whole number must follow WIDTH")
		}
		c.Width = n
		return nil
	case len(rest) > 0 && rest[0].Is("interval"):
		return c.interval(rest[1:])
	}
	return wrong("INTERVAL (of times) or WIDTH (of numbers) must follow RANGE (column)")
}

// interval reads 1 month, or '1 month' in quotes.
func (c *Clause) interval(rest []sqllex.Token) error {
	if len(rest) == 1 && rest[0].Kind == sqllex.String {
		inner, err := sqllex.Lex(strings.Trim(rest[0].Text, "'"))
		if err != nil {
			return wrong(err.Error())
		}
		rest = inner
	}
	if len(rest) != 2 {
		return wrong("a number and a unit must follow INTERVAL")
	}
	n, ok := number(rest[:1])
	if !ok || n < 1 || n > 1000 {
		return wrong("the number of an interval is from 1 to 1000")
	}
	unit := map[string]struct {
		unit  Unit
		times int
		label string
		week  bool
	}{
		"hour": {Hours, 1, "2006_01_02_15", false}, "day": {Days, 1, "2006_01_02", false},
		"week": {Days, 7, "2006_01_02", true}, "month": {Months, 1, "2006_01", false},
		"quarter": {Months, 3, "2006_01", false}, "year": {Months, 12, "2006", false},
	}
	u, ok := unit[strings.TrimSuffix(rest[1].Text, "s")]
	if rest[1].Kind != sqllex.Word || !ok {
		return wrong("the unit of an interval is hour, day, week, month, quarter or year")
	}
	c.Every, c.Unit, c.label, c.week = n*u.times, u.unit, u.label, u.week
	return nil
}

func number(tokens []sqllex.Token) (int, bool) {
	if len(tokens) != 1 || tokens[0].Kind != sqllex.Number {
		return 0, false
	}
	n, err := strconv.Atoi(tokens[0].Text)
	return n, err == nil
}
