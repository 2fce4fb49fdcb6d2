package shadow

import "fmt"

// A ChangeError says why a shadow can't be what the operator asked for.
type ChangeError struct {
	Problem string
	Remedy  string
	Err     error // what the server said, if it did
}

func (e *ChangeError) Error() string {
	if e.Err == nil {
		return e.Problem
	}
	return fmt.Sprintf("%s: %v", e.Problem, e.Err)
}

func (e *ChangeError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *ChangeError) Hint() string { return e.Remedy }

// refuse makes a ChangeError.
func refuse(remedy, format string, args ...any) error {
	return &ChangeError{Problem: fmt.Sprintf(format, args...), Remedy: remedy}
}

// blame makes a ChangeError of what the server said.
func blame(err error, remedy, format string, args ...any) error {
	return &ChangeError{Problem: fmt.Sprintf(format, args...), Remedy: remedy, Err: err}
}
