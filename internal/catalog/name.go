package catalog

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A SyntaxError means that a text can't be read as the name of a table.
type SyntaxError struct {
	Text   string
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("table name %q: %s", e.Text, e.Reason) }

// Hint says how names are written.
func (e *SyntaxError) Hint() string {
	return `write table, schema.table or "Sch.ema"."Ta""ble", in single quotes where the shell needs them: '"My Table"'`
}

// A part is one part of a name, as typed (without its quotes) and as PostgreSQL
// would fold it. Both are equal if it was quoted.
type part struct {
	Raw    string
	Folded string
}

// parseName takes apart what a person typed for a table: one or two parts. An
// unquoted part may have any characters but dots and double quotes, since it is
// only ever compared with names, never sent as SQL.
func parseName(text string) ([]part, error) {
	fail := func(reason string) ([]part, error) { return nil, &SyntaxError{Text: text, Reason: reason} }
	if !utf8.ValidString(text) {
		return fail("is not valid UTF-8")
	}
	if strings.ContainsRune(text, 0) {
		return fail("has a zero byte")
	}
	var parts []part
	for rest := strings.TrimSpace(text); ; {
		next, tail, err := cutPart(rest)
		if err != "" {
			return fail(err)
		}
		parts = append(parts, next)
		if tail == "" {
			break
		}
		rest = strings.TrimLeft(tail[1:], " \t") // cutPart stopped at a dot
	}
	if len(parts) > 2 {
		return fail("has more than two parts, a schema and a table")
	}
	return parts, nil
}

// cutPart takes the first part off text. What is left is empty or begins with a dot.
func cutPart(text string) (p part, tail, reason string) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text, '.')
		if end < 0 {
			end = len(text)
		}
		raw := strings.TrimRight(text[:end], " \t")
		switch {
		case raw == "":
			return part{}, "", "a part is empty"
		case strings.Contains(raw, `"`):
			return part{}, "", "a double quote stands in the middle of a part"
		}
		return part{Raw: raw, Folded: fold(raw)}, text[end:], ""
	}
	var name strings.Builder
	for rest := text[1:]; ; {
		end := strings.IndexByte(rest, '"')
		if end < 0 {
			return part{}, "", "a double quote is not closed"
		}
		name.WriteString(rest[:end])
		rest = rest[end+1:]
		if strings.HasPrefix(rest, `"`) {
			name.WriteByte('"')
			rest = rest[1:]
			continue
		}
		rest = strings.TrimLeft(rest, " \t")
		switch {
		case name.Len() == 0:
			return part{}, "", "a part is empty"
		case rest != "" && rest[0] != '.':
			return part{}, "", "something follows the closing double quote"
		}
		return part{Raw: name.String(), Folded: name.String()}, rest, ""
	}
}

// fold turns upper-case letters to lower case as PostgreSQL does for unquoted
// names: in ASCII only, which is all it does in multi-byte encodings.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}
