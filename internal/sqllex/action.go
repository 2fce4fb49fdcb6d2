package sqllex

// An Action is one action of an ALTER TABLE.
type Action struct {
	Text   string
	tokens []Token // offsets into the whole list
	list   string
}

// Split splits the action list of an ALTER TABLE at its top-level commas.
func Split(list string) ([]Action, error) {
	tokens, err := Lex(list)
	if err != nil {
		return nil, err
	}
	var actions []Action
	for first, i := 0, 0; i <= len(tokens); i++ {
		if i < len(tokens) && (tokens[i].Depth > 0 || !tokens[i].symbol(",")) {
			continue
		}
		if i == first {
			return nil, &SyntaxError{Text: list, Offset: offset(tokens, i, list), Problem: "an action is missing"}
		}
		part := tokens[first:i]
		actions = append(actions, Action{
			Text: list[part[0].Start:part[len(part)-1].End], tokens: part, list: list,
		})
		first = i + 1
	}
	return actions, nil
}

func offset(tokens []Token, i int, text string) int {
	if i < len(tokens) {
		return tokens[i].Start
	}
	return len(text)
}

// begins reports whether the action begins with these keywords.
func (a Action) begins(words ...string) bool {
	if len(a.tokens) < len(words) {
		return false
	}
	for i, word := range words {
		if !a.tokens[i].Is(word) {
			return false
		}
	}
	return true
}

// A TypeChange is the action ALTER COLUMN c TYPE t USING e.
type TypeChange struct {
	Column string
	Using  string
}

// TypeChange returns what the action computes a column from, if it is a change
// of type that says so.
func (a Action) TypeChange() (TypeChange, bool) {
	rest := a.tokens
	if !a.begins("alter") {
		return TypeChange{}, false
	}
	rest = rest[1:]
	if len(rest) > 0 && rest[0].Is("column") {
		rest = rest[1:]
	}
	if len(rest) < 2 || !rest[0].name() || rest[0].Is("constraint") {
		return TypeChange{}, false
	}
	change := TypeChange{Column: rest[0].Text}
	rest = rest[1:]
	if len(rest) > 2 && rest[0].Is("set") && rest[1].Is("data") {
		rest = rest[2:]
	}
	if !rest[0].Is("type") {
		return TypeChange{}, false
	}
	for i, token := range rest {
		if token.Depth == 0 && token.Is("using") && i+1 < len(rest) {
			change.Using = a.list[rest[i+1].Start:rest[len(rest)-1].End]
			return change, true
		}
	}
	return TypeChange{}, false
}

// OfIdentity reports whether the action makes, changes or drops the identity of
// a column that there is.
func (a Action) OfIdentity() bool {
	rest := a.tokens
	if !a.begins("alter") {
		return false
	}
	rest = rest[1:]
	if len(rest) > 0 && rest[0].Is("column") {
		rest = rest[1:]
	}
	if len(rest) < 2 || !rest[0].name() || rest[0].Is("constraint") {
		return false
	}
	if rest = rest[1:]; rest[0].Is("restart") {
		return true
	}
	if len(rest) < 2 {
		return false
	}
	switch next := rest[1].Is; {
	case rest[0].Is("add"):
		return next("generated")
	case rest[0].Is("drop"):
		return next("identity")
	case rest[0].Is("set"):
		for _, option := range []string{"generated", "increment", "start", "minvalue", "maxvalue", "cache", "cycle", "no", "sequence"} {
			if next(option) {
				return true
			}
		}
	}
	return false
}

// A Reference is the name of a table that a foreign key refers to.
type Reference struct {
	Name  []string // its parts
	Start int      // offsets into the list, not the action
	End   int
}

// References returns the tables that the action's foreign keys refer to.
func (a Action) References() []Reference {
	var found []Reference
	for i := 0; i < len(a.tokens); i++ {
		if a.tokens[i].Depth > 0 || !a.tokens[i].Is("references") {
			continue
		}
		ref := Reference{}
		for i+1 < len(a.tokens) && a.tokens[i+1].name() {
			i++
			if len(ref.Name) == 0 {
				ref.Start = a.tokens[i].Start
			}
			ref.Name, ref.End = append(ref.Name, a.tokens[i].Text), a.tokens[i].End
			if i+1 == len(a.tokens) || !a.tokens[i+1].symbol(".") {
				break
			}
			i++
		}
		if len(ref.Name) > 0 {
			found = append(found, ref)
		}
	}
	return found
}
