package partitioning

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/repave-pg/repave/sqltmpl"
)

// maxName is the longest name that the server does not cut.
const maxName = 63

// leastOfTable is how much of the table's name is kept.
const leastOfTable = 20

// Join returns <table>_<suffix>, of which the table's part is cut to fit, and
// only of a very long suffix its end.
func Join(table sqltmpl.Ident, suffix string) sqltmpl.Ident {
	suffix = cut(suffix, maxName-leastOfTable-1)
	return sqltmpl.Ident(cut(string(table), maxName-len(suffix)-1) + "_" + suffix)
}

// cut shortens text to n bytes, between characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// mostOfValue is how much of a value is in the name of its partition.
const mostOfValue = 24

// Lists are the partitions of a LIST clause: one for each value; nil is NULL.
func (c Clause) Lists(values []*string) ([]Partition, error) {
	if len(values) > MostList {
		return nil, &TooManyError{
			Partitions: "more than " + strconv.Itoa(MostList), Most: MostList,
			Remedy: "LIST makes a partition for every value; a column with so many is one for HASH or RANGE",
		}
	}
	used := map[string]bool{}
	var out []Partition
	for _, value := range values {
		bound := sqltmpl.PartitionBound{Null: value == nil}
		word := "null"
		if value != nil {
			bound.In, word = sqltmpl.Literal(*value), simple(*value)
			bound.List = true
		}
		suffix := "p_" + word
		for n := 2; used[suffix]; n++ {
			suffix = "p_" + word + "_" + strconv.Itoa(n)
		}
		used[suffix] = true
		out = append(out, Partition{Suffix: suffix, Bound: bound})
	}
	return out, nil
}

// simple makes a value a part of a name that needs no quotes.
func simple(value string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r < utf8.RuneSelf && unicode.IsUpper(r):
			return unicode.ToLower(r)
		default:
			return '_'
		}
	}, value)
	return cut(word, mostOfValue)
}
