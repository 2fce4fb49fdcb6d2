package sqllex

import "strings"

// quoted reads a constant or identifier in quotes, which begins skip bytes
// after the current position.
func (l *lexer) quoted(kind Kind, quote byte, skip int, escapes bool) error {
	start := l.pos
	var text strings.Builder
	for i := start + skip + 1; i < len(l.text); i++ {
		c := l.text[i]
		switch {
		case escapes && c == '\\':
			i++ // whatever follows, it does not end the string
		case c != quote:
			text.WriteByte(c)
		case i+1 < len(l.text) && l.text[i+1] == quote:
			text.WriteByte(c)
			i++
		default:
			l.pos = i + 1
			if kind == Quoted {
				if text.Len() == 0 {
					return l.fail(start, "identifier without a name")
				}
				l.add(kind, clip(text.String()), start)
				return nil
			}
			l.add(kind, l.text[start:l.pos], start)
			return nil
		}
	}
	return l.fail(start, "quote is not closed")
}

// dollar reads a dollar-quoted string or a parameter.
func (l *lexer) dollar() error {
	start := l.pos
	i := start + 1
	if i < len(l.text) && digit(l.text[i]) {
		for i < len(l.text) && digit(l.text[i]) {
			i++
		}
		l.pos = i
		l.add(Number, l.text[start:i], start)
		return nil
	}
	for i < len(l.text) && l.text[i] != '$' && (wordStart(l.text[i]) || i > start+1 && digit(l.text[i])) {
		i++
	}
	if i == len(l.text) || l.text[i] != '$' {
		return l.fail(start, "stray dollar sign")
	}
	tag := l.text[start : i+1]
	end := strings.Index(l.text[i+1:], tag)
	if end < 0 {
		return l.fail(start, "dollar quote is not closed")
	}
	l.pos = i + 1 + end + len(tag)
	l.add(String, l.text[start:l.pos], start)
	return nil
}

// number reads a numeric constant, more generously than the server does.
func (l *lexer) number() error {
	start := l.pos
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		exponent := (c == '+' || c == '-') && strings.IndexByte("eE", l.text[l.pos-1]) >= 0 &&
			!strings.HasPrefix(fold(l.text[start:l.pos]), "0x")
		if c != '.' && !exponent && (!wordPart(c) || c == '$') || l.has("--") {
			break
		}
		l.pos++
	}
	l.add(Number, l.text[start:l.pos], start)
	return nil
}

// word reads an identifier, a keyword, or a constant that begins with a letter.
func (l *lexer) word() error {
	start := l.pos
	c := fold(l.text[start : start+1])
	switch {
	case len(l.text) > start+1 && l.text[start+1] == '\'' && (c == "e" || c == "b" || c == "n" || c == "x"):
		return l.quoted(String, '\'', 1, c == "e")
	case c == "u" && strings.HasPrefix(l.text[start+1:], "&'"):
		return l.quoted(String, '\'', 2, false)
	case c == "u" && strings.HasPrefix(l.text[start+1:], `&"`):
		return l.fail(start, "Unicode escapes in names are not understood here")
	}
	for l.pos < len(l.text) && wordPart(l.text[l.pos]) {
		l.pos++
	}
	l.add(Word, clip(fold(l.text[start:l.pos])), start)
	return nil
}

// symbol reads one character and keeps count of brackets.
func (l *lexer) symbol(c byte) error {
	start := l.pos
	switch c {
	case ')', ']':
		if len(l.open) == 0 || l.open[len(l.open)-1] != map[byte]byte{')': '(', ']': '['}[c] {
			return l.fail(start, "nothing to close")
		}
		l.open = l.open[:len(l.open)-1]
	case ';':
		return l.fail(start, "more than one statement")
	}
	l.pos++
	l.add(Symbol, string(rune(c)), start)
	if c == '(' || c == '[' {
		l.open = append(l.open, c)
	}
	return nil
}
