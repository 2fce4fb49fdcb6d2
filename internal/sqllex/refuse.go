package sqllex

import "strings"

// refused lists the actions that are not about columns or constraints of the
// table, by the words they begin with, and what to do instead.
var refused = []struct {
	words string
	hint  string
}{
	{"rename to", "rename the table with ALTER TABLE before or after the job"},
	{"set schema", "move the table with ALTER TABLE ... SET SCHEMA before or after the job"},
	{"owner to", "change the owner with ALTER TABLE before or after the job"},
	{"inherit", "inheritance can't change during a job"},
	{"no inherit", "inheritance can't change during a job"},
	{"attach", "partitions can't change during a job"},
	{"detach", "partitions can't change during a job"},
	{"split", "partitions can't change during a job"},
	{"merge", "partitions can't change during a job"},
	{"enable", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"disable", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"force", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"no force", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"replica", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"of", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"not of", "run it on the table itself, before or after the job: it needs no rewrite"},
	{"alter constraint", "run it on the table itself, before or after the job: it needs no rewrite"},
}

// Refused returns the beginning of the action and a remedy if it is of a kind
// that --alter does not take.
func (a Action) Refused() (words, hint string, ok bool) {
	for _, r := range refused {
		if a.begins(strings.Fields(r.words)...) {
			return strings.ToUpper(r.words), r.hint, true
		}
	}
	return "", "", false
}

// Unstable are the words that read a clock or the session: an expression with
// one of them has another value each time a row is copied.
var unstable = map[string]bool{
	"current_timestamp": true, "current_date": true, "current_time": true, "localtime": true, "localtimestamp": true,
	"now": true, "transaction_timestamp": true, "statement_timestamp": true, "clock_timestamp": true, "timeofday": true,
	"txid_current": true, "pg_current_xact_id": true, "current_user": true, "session_user": true, "current_role": true,
	"current_setting": true, "pg_backend_pid": true,
}

// niladic functions are called without parentheses.
var niladic = map[string]bool{
	"current_timestamp": true, "current_date": true, "current_time": true, "localtime": true, "localtimestamp": true,
	"current_user": true, "session_user": true, "current_role": true,
}

// Expression checks that text is one expression, so far as a lexer can tell:
// not empty, balanced, one, and without a query inside. It returns the word that
// makes it depend on when or by whom it is run, if there is one.
func Expression(text string) (unstableWord string, err error) {
	tokens, err := Lex(text)
	if err != nil {
		return "", err
	}
	if len(tokens) == 0 {
		return "", &SyntaxError{Text: text, Problem: "an expression is missing"}
	}
	for i, token := range tokens {
		called := i+1 < len(tokens) && tokens[i+1].symbol("(")
		switch {
		case token.Depth == 0 && token.symbol(","):
			return "", &SyntaxError{Text: text, Offset: token.Start, Problem: "more than one expression"}
		case token.Is("select"), token.Is("table"), token.Is("values") && called:
			return "", &SyntaxError{Text: text, Offset: token.Start, Problem: "a query can't be used in an expression"}
		case token.Kind == Number && strings.HasPrefix(token.Text, "$"):
			return "", &SyntaxError{Text: text, Offset: token.Start, Problem: "there are no parameters"}
		case token.Kind == Word && unstable[token.Text] && (called || niladic[token.Text]):
			unstableWord = token.Text
		}
	}
	return unstableWord, nil
}

// Cast returns the column that text casts and does nothing else with: c::t,
// s.c::t::u or CAST(c AS t).
func Cast(text string) (column string, ok bool) {
	tokens, err := Lex(text)
	if err != nil {
		return "", false
	}
	function := len(tokens) > 3 && tokens[0].Is("cast") && tokens[1].symbol("(")
	if function {
		tokens = tokens[2 : len(tokens)-1]
	}
	if len(tokens) > 2 && tokens[0].name() && tokens[0].Text == "s" && tokens[1].symbol(".") {
		tokens = tokens[2:]
	}
	if len(tokens) < 2 || !tokens[0].name() {
		return "", false
	}
	column, rest := tokens[0].Text, tokens[1:]
	if function {
		return column, rest[0].Is("as") && typeOnly(rest[1:])
	}
	return column, rest[0].symbol(":") && typeOnly(rest)
}

// typeSymbols occur in names of types and between casts.
var typeSymbols = map[string]bool{":": true, ".": true, "(": true, ")": true, "[": true, "]": true, ",": true}

// typeOnly reports whether tokens are but type names, their modifiers, and
// further casts.
func typeOnly(tokens []Token) bool {
	for _, token := range tokens {
		if token.Kind == String || token.Kind == Symbol && !typeSymbols[token.Text] {
			return false
		}
		switch token.Text {
		case "collate", "at", "is", "and", "or", "in", "between", "like", "similar", "operator", "isnull", "notnull":
			return false // what may follow a cast, apart from operators
		}
	}
	return true
}
