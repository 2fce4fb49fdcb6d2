package logical

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// calmPair is a reader, and the connection that it is sent to.
func calmPair(t *testing.T, stopped func() bool) (*calmReader, net.Conn) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	sender, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = sender.Close() })
	r := newCalmReader(conn)
	r.calm(conn, stopped)
	require.True(t, r.able)
	return r, sender
}

func never() bool { return false }

// Small messages are left alone until there are many of them.
func TestSmallMessagesAreReadTogether(t *testing.T) {
	r, sender := calmPair(t, never)
	r.linger = time.Minute
	var sending errgroup.Group
	sending.Go(func() error {
		for range enough / 32 {
			if _, err := sender.Write(make([]byte, 64)); err != nil {
				return err
			}
		}
		return sender.Close()
	})
	n, err := r.fill()
	require.NoError(t, err)
	require.NoError(t, sending.Wait())
	require.Greater(t, n, enough/16, "the system may wake us before, if packets take more space than their contents")
}

// What is sent arrives whole and in order, in whatever pieces it is read.
func TestACalmReaderLosesNothing(t *testing.T) {
	r, sender := calmPair(t, never)
	const messages, size = 40_000, 50
	var sending errgroup.Group
	sending.Go(func() error {
		message := make([]byte, size)
		for i := range messages {
			message[0], message[1] = byte(i), byte(i>>8)
			if _, err := sender.Write(message); err != nil {
				return err
			}
		}
		return sender.Close()
	})
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, sending.Wait())
	require.Len(t, got, messages*size)
	for i := range messages {
		require.Equal(t, [2]byte{byte(i), byte(i >> 8)}, [2]byte(got[i*size:]))
	}
}

// Less than enough is read all the same: each side waits for the other's byte.
func TestASmallMessageIsNotWaitedWith(t *testing.T) {
	r, sender := calmPair(t, never)
	r.until = time.Now().Add(time.Minute)
	for i := range 50 {
		_, err := sender.Write([]byte{byte(i)})
		require.NoError(t, err)
		got := make([]byte, 8)
		n, err := r.Read(got)
		require.NoError(t, err)
		require.Equal(t, []byte{byte(i)}, got[:n])
	}
}

// A read ends at its deadline, when it is told to, and when the sender is gone.
func TestACalmReadEnds(t *testing.T) {
	r, _ := calmPair(t, never)
	r.until = time.Now().Add(20 * time.Millisecond)
	_, err := r.Read(make([]byte, 8))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)

	stop := make(chan struct{})
	r, _ = calmPair(t, func() bool {
		select {
		case <-stop:
			return true
		default:
			return false
		}
	})
	var reading errgroup.Group
	reading.Go(func() error {
		_, err := r.Read(make([]byte, 8))
		return err
	})
	close(stop)
	require.NoError(t, r.conn.SetReadDeadline(time.Unix(1, 0)))
	require.ErrorIs(t, reading.Wait(), os.ErrDeadlineExceeded)

	r, sender := calmPair(t, never)
	require.NoError(t, sender.Close())
	_, err = r.Read(make([]byte, 8))
	require.ErrorIs(t, err, io.EOF)
}
