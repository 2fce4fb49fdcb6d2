package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// A console is stderr: lines that stay, and below them, on a terminal, one line
// that is redrawn. Lines that stay may be written at any time, from anywhere.
type console struct {
	mu    sync.Mutex
	out   io.Writer
	width func() int // 0: not a terminal
	line  string     // the live line; "" is none
	drawn bool
}

func newConsole(out io.Writer) *console {
	c := &console{out: out, width: func() int { return 0 }}
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return c
	}
	c.width = func() int {
		const usual = 80
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 {
			return usual
		}
		return width
	}
	return c
}

// live reports whether a live line can be shown.
func (c *console) live() bool { return c.width() > 0 }

// Control sequences: back to the first column, and clear to the end of line.
const (
	home  = "\r"
	erase = "\x1b[K"
)

// Write writes lines that stay, above the live line.
func (c *console) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.drawn {
		return c.out.Write(text)
	}
	// In one write, so that it does not flicker.
	_, err := io.WriteString(c.out, home+erase+string(text)+c.line)
	return len(text), err
}

// draw replaces the live line; "" removes it.
func (c *console) draw(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if line == c.line && c.drawn == (line != "") {
		return
	}
	c.line, c.drawn = line, line != ""
	_, _ = io.WriteString(c.out, home+line+erase)
}
