// Package sqllex takes PostgreSQL's SQL apart into tokens, just far enough to
// find the actions of an ALTER TABLE and a few clauses inside them. It never
// rewrites text but at the offsets of tokens, so nothing that is quoted can be
// taken for SQL.
package sqllex

import (
	"strings"
	"unicode/utf8"
)

// A Kind says what a token is.
type Kind int

// The kinds of token.
const (
	Word   Kind = iota // an unquoted identifier or keyword
	Quoted             // a quoted identifier
	String             // a string, bit string or dollar-quoted constant
	Number             // a numeric constant or a parameter
	Symbol             // one character of punctuation or of an operator
)

// A Token is one token of the text.
type Token struct {
	Kind  Kind
	Text  string // identifiers as the server would store them; other tokens as written
	Start int    // offsets into the text
	End   int
	Depth int // how many parentheses and brackets are open around it
}

// Is reports whether t is the keyword word, which is in lower case.
func (t Token) Is(word string) bool { return t.Kind == Word && t.Text == word }

// symbol reports whether t is the character s.
func (t Token) symbol(s string) bool { return t.Kind == Symbol && t.Text == s }

// name reports whether t can be a name.
func (t Token) name() bool { return t.Kind == Word || t.Kind == Quoted }

// maxName is NAMEDATALEN - 1: the server cuts longer identifiers off.
const maxName = 63

// clip cuts a name as the server does: at maxName bytes, between characters.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	cut := maxName
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut]
}

// fold lower-cases ASCII only, as the server does in a multibyte encoding.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, word)
}
