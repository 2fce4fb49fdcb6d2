package logical

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repave-pg/repave/sqltmpl"
)

// pieceSize is how much goes from one connection to the other at a time: what
// pgconn reads at once to send it as one message. COPY itself sends row by row.
const pieceSize = 65536 - 5

// CopyRange pipes the rows of some pages of m.From (read by from, in a transaction
// with the snapshot to copy) into m.To (written by to, in a transaction) and
// returns how many there were. Nothing is decoded in between; whatever the range,
// it takes the memory of one piece. In both formats the target checks what it
// reads as it does for any COPY.
//
// It holds ACCESS SHARE on m.From and ROW EXCLUSIVE on m.To until the
// transactions end. Both COPYs have ended when it returns. If only the target
// refused, what is left of the range was read and thrown away, so from is still
// in its transaction and its snapshot; to must be rolled back after any error.
func CopyRange(
	ctx context.Context, from, to *pgx.Conn, m Mapping, binary bool, first, next int64,
) (rows int64, err error) {
	out := sqltmpl.CopyOut{From: m.From, Values: m.Values, Binary: binary, First: first, Next: next}.Statement()
	in := sqltmpl.CopyIn{To: m.To, Insert: m.Insert, Binary: binary}.Statement()
	read, write := io.Pipe()
	var sent int64
	var sendErr error
	done := make(chan struct{})
	go func() {
		defer close(done)
		sent, sendErr = send(ctx, from, out, write)
		_ = write.CloseWithError(sendErr) // never fails; nil is the end of the data
	}()
	rows, err = receive(ctx, to, in, read)
	_ = read.Close() // lets send run to the end
	<-done
	switch {
	case sendErr != nil: // the target then only says that the data broke off
		err = fmt.Errorf("on the cluster that has them: %w", sendErr)
	case err != nil:
		err = fmt.Errorf("on the cluster that gets them: %w%s", err, whereOf(err))
	case rows != sent:
		err = fmt.Errorf("%s took %d rows of %d: does it have triggers or rules that keep rows out?", m.To.Plain(), rows, sent)
	}
	if err != nil {
		return 0, fmt.Errorf("copying rows of pages %d to %d of %s: %w", first, next, m.From.Plain(), err)
	}
	return rows, nil
}

// send writes what the source has to say to pipe, until nobody reads it any more.
func send(ctx context.Context, from *pgx.Conn, out sqltmpl.Statement, pipe *io.PipeWriter) (int64, error) {
	pieces := &patientPipe{to: bufio.NewWriterSize(pipe, pieceSize)}
	rows, err := out.CopyTo(ctx, from, pieces)
	if err == nil {
		pieces.flush()
	}
	return rows, err
}

// receive has the target take what is in pipe, once there is something. A source
// that has to wait (for a lock) does so before its first byte; a COPY that failed
// on the target meanwhile could not end before the next.
func receive(ctx context.Context, to *pgx.Conn, in sqltmpl.Statement, pipe *io.PipeReader) (int64, error) {
	buffered := bufio.NewReaderSize(pipe, pieceSize)
	if _, err := buffered.Peek(1); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return in.CopyFrom(ctx, to, buffered)
}

// A patientPipe writer throws away what it can't write. An error of its own would
// make pgconn close the connection, and with it the snapshot.
type patientPipe struct {
	to     *bufio.Writer
	failed bool
}

func (p *patientPipe) Write(b []byte) (int, error) {
	if !p.failed {
		_, err := p.to.Write(b)
		p.failed = err != nil
	}
	return len(b), nil
}

func (p *patientPipe) flush() {
	if !p.failed {
		p.failed = p.to.Flush() != nil
	}
}

// whereOf returns which row and column the server says that an error is about.
func whereOf(err error) string {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pgErr.Where == "" {
		return ""
	}
	return " (" + pgErr.Where + ")"
}
