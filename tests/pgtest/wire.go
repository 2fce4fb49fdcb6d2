package pgtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// Codes in the place of the protocol version in a connection's first message.
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSS    = 80877104
)

// Types of messages, as PostgreSQL's protocol calls them.
const (
	// From the client.
	msgQuery        = 'Q'
	msgParse        = 'P'
	msgFunctionCall = 'F'
	msgSync         = 'S'
	msgFlush        = 'H'
	msgPassword     = 'p'
	msgTerminate    = 'X'
	// From either side.
	msgCopyData = 'd'
	msgCopyDone = 'c'
	msgCopyFail = 'f'
	// From the server.
	msgReady          = 'Z'
	msgAuthentication = 'R'
	msgCopyIn         = 'G'
	msgCopyBoth       = 'W'
)

// lengthSize is the size of a message's length, which counts itself.
const lengthSize = 4

// A header begins every message but the first one of a connection.
type header struct {
	kind byte
	size uint32 // of the body
}

func readHeader(r *bufio.Reader) (header, error) {
	var raw [1 + lengthSize]byte
	if _, err := io.ReadFull(r, raw[:]); err != nil {
		return header{}, err
	}
	size := binary.BigEndian.Uint32(raw[1:])
	if size < lengthSize {
		return header{}, errors.New("message is too short")
	}
	return header{kind: raw[0], size: size - lengthSize}, nil
}

func writeHeader(w *bufio.Writer, h header) error {
	raw := []byte{h.kind, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(raw[1:], h.size+lengthSize)
	_, err := w.Write(raw)
	return err
}

// forward copies a message's body behind its header, and lets it go out if
// nothing else is at hand to go with it.
func forward(w *bufio.Writer, r *bufio.Reader, h header) error {
	if err := writeHeader(w, h); err != nil {
		return err
	}
	if _, err := io.CopyN(w, r, int64(h.size)); err != nil {
		return err
	}
	if r.Buffered() > 0 {
		return nil
	}
	return w.Flush()
}

// readStartup reads a connection's first message, declining encryption, and
// returns it whole.
func readStartup(r *bufio.Reader, w io.Writer) (message []byte, code uint32, err error) {
	const maxSize = 10000 // the server's own limit
	for {
		raw := make([]byte, 2*lengthSize)
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, 0, err
		}
		size := binary.BigEndian.Uint32(raw)
		if size < 2*lengthSize || size > maxSize {
			return nil, 0, errors.New("startup message has an impossible length")
		}
		code := binary.BigEndian.Uint32(raw[lengthSize:])
		if code == codeSSL || code == codeGSS {
			if _, err := w.Write([]byte{'N'}); err != nil {
				return nil, 0, err
			}
			continue
		}
		message := make([]byte, size)
		copy(message, raw)
		_, err := io.ReadFull(r, message[len(raw):])
		return message, code, err
	}
}
