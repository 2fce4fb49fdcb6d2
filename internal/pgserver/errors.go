package pgserver

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// tailLines is how much of a log an error quotes.
const tailLines = 15

// A StartError says why a server did not come up.
type StartError struct {
	Err error
	Log string // the last lines that the server or initdb wrote
}

func (e *StartError) Error() string {
	if e.Log == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v\n\t%s", e.Err, strings.ReplaceAll(e.Log, "\n", "\n\t"))
}

func (e *StartError) Unwrap() error { return e.Err }

// tail returns the last lines of a log.
func tail(log []byte) string {
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-tailLines):], []byte("\n")))
}

func tailFile(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return tail(text)
}
