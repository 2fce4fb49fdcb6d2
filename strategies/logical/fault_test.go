package logical_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/repave-pg/repave/strategies/logical"
	"github.com/repave-pg/repave/tests/pgtest"
)

// follow applies until a barrier, opening the stream again after each error.
func (e *ends) follow(token string) (failures int) {
	e.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for {
		var err error
		if e.stream == nil {
			err = e.open()
		}
		if err == nil {
			if err = e.applier.Follow(e.t.Context(), e.stream, Goal{Barrier: token}); err == nil {
				return failures
			}
		}
		require.True(e.t, time.Now().Before(deadline), "%v", err)
		failures++
		if e.stream != nil {
			_ = e.stream.Close(e.t.Context())
			e.stream = nil
		}
	}
}

// TestFaultsLoseNothingAndRepeatNothing ends sessions and cuts the network at random points while writers go
// on. Were a transaction lost or applied twice, counters, keys or rows would differ.
func TestFaultsLoseNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, limits := range []struct{ changes, bytes int }{{0, 0}, {40, 0}, {0, 10_000}} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			e := between(t, pgtest.WritersTable, writersTables...)
			_, err := e.target.Exec(t.Context(), withoutForeignKeys)
			require.NoError(t, err)
			proxy := pgtest.NewProxy(t, e.targetDSN)
			e.targetDSN = proxy.DSN
			e.prepare = func(o *ApplyOptions) {
				o.MaxChanges, o.MaxBytes, o.Linger = limits.changes, limits.bytes, 5*time.Millisecond
			}
			e.begin()
			seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
			random := rand.New(rand.NewPCG(seed, 1))
			w := pgtest.StartWriters(t, e.sourceDSN, seed, 1, pgtest.Levels)
			stop, stopped := make(chan struct{}), make(chan int)
			faults := pgtest.Connect(t, e.sourceDSN)
			mess := pgtest.Connect(t, e.sourceDSN, "CREATE TABLE mess (id int)", "INSERT INTO mess SELECT generate_series(1, 1000)")
			go func() {
				n := 0
				for ; ; n++ {
					select {
					case <-stop:
						proxy.Heal()
						stopped <- n
						return
					default:
					}
					switch random.IntN(3) {
					case 0:
						_, _ = faults.Exec(t.Context(), "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active", e.name)
					case 1:
						proxy.CutOneAfter(random.IntN(30), random.IntN(2) == 0)
					default:
						proxy.CutAfter(random.IntN(30), random.IntN(2) == 0)
						w.Await(t, 2)
						proxy.Heal()
					}
					w.Await(t, 10)
				}
			}()
			failures := 0
			for range 4 {
				_, err := mess.Exec(t.Context(), "TRUNCATE mess")
				require.NoError(t, err)
				w.Await(t, 40)
				token := time.Now().String()
				e.barrier(token)
				failures += e.follow(token)
			}
			close(stop)
			n := <-stopped
			w.Stop(t, e.source)
			last := time.Now().String()
			e.barrier(last)
			failures += e.follow(last)
			e.equal()
			t.Logf("%d faults, %d failures noticed", n, failures)
		})
	}
}
