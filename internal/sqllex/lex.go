package sqllex

import (
	"fmt"
	"strings"
)

// A SyntaxError says where a text is not SQL.
type SyntaxError struct {
	Text    string // all of it
	Offset  int
	Problem string
}

func (e *SyntaxError) Error() string {
	near := e.Text[min(e.Offset, len(e.Text)):]
	if len(near) > 20 {
		near = near[:20]
	}
	if near == "" {
		return e.Problem + " at the end"
	}
	return fmt.Sprintf("%s at %q", e.Problem, near)
}

// A lexer goes through a text once.
type lexer struct {
	text   string
	pos    int
	open   []byte // the brackets that wait for their closing one
	tokens []Token
}

// Lex splits text into tokens, as a server with standard_conforming_strings
// would. Comments and white space are left out.
func Lex(text string) ([]Token, error) {
	l := &lexer{text: text}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return nil, l.fail(i, "zero byte")
	}
	for {
		if err := l.skip(); err != nil {
			return nil, err
		}
		if l.pos == len(text) {
			break
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	if len(l.open) > 0 {
		return nil, l.fail(len(text), fmt.Sprintf("%q is not closed", l.open[len(l.open)-1]))
	}
	return l.tokens, nil
}

func (l *lexer) fail(offset int, problem string) error {
	return &SyntaxError{Text: l.text, Offset: offset, Problem: problem}
}

func (l *lexer) has(prefix string) bool { return strings.HasPrefix(l.text[l.pos:], prefix) }

// skip goes over white space and comments.
func (l *lexer) skip() error {
	for l.pos < len(l.text) {
		switch {
		case strings.IndexByte(" \t\n\r\f\v", l.text[l.pos]) >= 0:
			l.pos++
		case l.has("--"):
			end := strings.IndexAny(l.text[l.pos:], "\n\r")
			if end < 0 {
				end = len(l.text) - l.pos
			}
			l.pos += end
		case l.has("/*"):
			if err := l.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// comment goes over a comment in stars, with those inside it.
func (l *lexer) comment() error {
	start, depth := l.pos, 0
	for l.pos < len(l.text) {
		switch {
		case l.has("/*"):
			depth++
			l.pos += 2
		case l.has("*/"):
			depth--
			l.pos += 2
			if depth == 0 {
				return nil
			}
		default:
			l.pos++
		}
	}
	return l.fail(start, "comment is not closed")
}

// next reads one token.
func (l *lexer) next() error {
	c := l.text[l.pos]
	switch {
	case c == '\'':
		return l.quoted(String, '\'', 0, false)
	case c == '"':
		return l.quoted(Quoted, '"', 0, false)
	case c == '$':
		return l.dollar()
	case c >= '0' && c <= '9', c == '.' && l.pos+1 < len(l.text) && digit(l.text[l.pos+1]):
		return l.number()
	case wordStart(c):
		return l.word()
	default:
		return l.symbol(c)
	}
}

func (l *lexer) add(kind Kind, text string, start int) {
	l.tokens = append(l.tokens, Token{Kind: kind, Text: text, Start: start, End: l.pos, Depth: len(l.open)})
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func wordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func wordPart(c byte) bool { return wordStart(c) || digit(c) || c == '$' }
