package logical_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// follow applies until a barrier with a fault each of the first times, opening the stream again after each error.
func (e *ends) follow(token string, faults int, fault func(another bool)) (failures int) {
	e.t.Helper()
	for {
		fault(faults > 0)
		faults--
		var err error
		if e.stream == nil {
			err = e.open()
		}
		if err == nil {
			if err = e.applier.Follow(e.t.Context(), e.stream, Goal{Barrier: token}); err == nil {
				return failures
			}
		}
		require.Less(e.t, failures, 50, "%v", err)
		failures++
		if e.stream != nil {
			_ = e.stream.Close(e.t.Context())
			e.stream = nil
		}
		// The last one may have been applied, and the answer to that lost: it does not come again.
		token = time.Now().String()
		e.barrier(token)
	}
}

// TestLaw4FaultsLoseNothingAndRepeatNothing ends sessions and cuts the network at random points while a writer goes
// on. Were a transaction lost or applied twice, counters, keys or rows would differ.
func TestLaw4FaultsLoseNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, limits := range []struct{ changes, bytes int }{{0, 0}, {2000, 0}, {0, 1_000_000}} {
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
			kill := pgtest.Connect(t, e.sourceDSN)
			var killing sync.WaitGroup
			t.Cleanup(killing.Wait) // before the connection is closed
			fault := func(another bool) {
				killing.Wait()
				proxy.Heal()
				if !another {
					return
				}
				switch random.IntN(3) {
				case 0:
					after := time.Duration(random.IntN(100)) * time.Millisecond
					killing.Go(func() {
						<-time.After(after)
						_, _ = kill.Exec(t.Context(), "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active", e.name)
					})
				case 1:
					proxy.CutOneAfter(random.IntN(60), random.IntN(2) == 0)
				default:
					proxy.CutAfter(random.IntN(60), random.IntN(2) == 0)
				}
			}
			w := pgtest.StartWriters(t, e.sourceDSN, seed, 1, pgtest.Levels)
			failures := 0
			const rounds, each = 4, 4
			for range rounds {
				w.Await(t, 40)
				token := time.Now().String()
				e.barrier(token)
				failures += e.follow(token, each, fault)
			}
			w.Stop(t, e.source)
			last := time.Now().String()
			e.barrier(last)
			failures += e.follow(last, 1, fault)
			e.equal()
			t.Logf("%d failures", failures)
		})
	}
}
