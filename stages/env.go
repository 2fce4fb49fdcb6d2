package stages

import (
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/registry"
)

// Options say how hard a job works and how long it waits.
type Options struct {
	Workers        int           // sessions for batches, indexes and verify
	BatchTime      time.Duration // what a batch should take
	MaxRate        float64       // rows per second of the backfill; 0 is no limit
	MaxLag         time.Duration // pause while a standby is further behind; 0 is no limit
	MaxSlotWAL     int64         // pause while a replication slot keeps more bytes of WAL; 0 is no limit
	DropSlot       bool          // across clusters: drop the job's own slot if it keeps more than MaxSlotWAL
	MaxActive      int           // go slowly while so many sessions of others are at work; 0 is no limit
	LockTimeout    time.Duration // longest wait for a lock on a user's table
	LockAttempts   int
	SnapshotWait   time.Duration // longest wait for old snapshots before the swap
	MaintenanceMem string        // maintenance_work_mem of index builds; "" is the server's
	CheckData      time.Duration // how long plan tries conversions on the data; 0 is not at all
	SkipVerify     bool          // for measurements only: swap without proof
	CutoverTimeout time.Duration // across clusters: writes are refused for no longer, unless the target was opened
	DropSource     bool          // across clusters: cleanup drops the source's tables
	OnFence        string        // across clusters: a command to run just before writes are refused
	OnOpen         string        // and just after the other side was opened
	OnCancel       string        // or after the cutover was called off, if OnFence was run
}

// AutoActive is a MaxActive of as many sessions as the server can serve at once.
const AutoActive = -1

// Defaults returns the options of a run without flags.
func Defaults() Options {
	return Options{
		Workers: 2, BatchTime: 500 * time.Millisecond, MaxLag: 10 * time.Second, MaxActive: AutoActive,
		LockTimeout: 500 * time.Millisecond, LockAttempts: 60, SnapshotWait: time.Hour,
		CheckData: 10 * time.Second, CutoverTimeout: 30 * time.Second,
	}
}

// An Env is what stages work with. In place, Source and Target are the same
// pool.
type Env struct {
	Source   *pgxpool.Pool
	Target   *pgxpool.Pool
	Ends     Ends // across clusters
	Registry *registry.Registry
	Logger   *slog.Logger
	Report   func(Event)
	Options  Options
	Operator Operator
	Stats    *Stats
}

// Ends are what replication connections across clusters are made with; nil in
// place.
type Ends struct {
	Source, Target *pgx.ConnConfig
	// What an ordinary session of the operator's has there.
	SourceSettings, TargetSettings map[string]string
	// held is the replication connection whose snapshot the copy is made in, or a session that shows that
	// there is a copy in several, while there is one.
	held *pgconn.PgConn
	// lately is what was applied since the last verify began; nil before.
	lately *lately
}

// Close closes the pools.
func (env *Env) Close() {
	env.Source.Close()
	if env.Target != env.Source {
		env.Target.Close()
	}
}

// Operator is who runs us, as far as stages need to know.
type Operator struct {
	SearchPath  string
	Conversions map[string]string // recorded with a new job
	Version     string            // of the program
}

// Stats collects what the final report says of a run.
type Stats struct {
	mu          sync.Mutex
	LongestWait time.Duration // for a lock on a user's table
	LongestHold time.Duration // of such a lock
	LockMisses  int           // waits that were given up
	Verified    int64         // rows compared by the last verify
	Pending     int64         // keys it left to replay
	Refused     time.Duration // how long a cutover refused writes
	LookedAgain int           // across clusters: rows changed since verify's snapshot that the cutover compared, each time
	NotLooked   int64         // changes to rows that it did not compare: too many, or keys that are converted
	Stages      []StageStat
}

// A StageStat is one finished stage of a run.
type StageStat struct {
	Stage   Name
	Elapsed time.Duration
	Rows    int64
}

func (s *Stats) lock(wait, hold time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.LongestWait = max(s.LongestWait, wait)
	s.LongestHold = max(s.LongestHold, hold)
}

func (s *Stats) refused(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Refused = max(s.Refused, d)
}

func (s *Stats) lookedAgain(rows int, not int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.LookedAgain, s.NotLooked = s.LookedAgain+rows, not
}

func (s *Stats) miss(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.LockMisses++
	s.LongestWait = max(s.LongestWait, wait)
}

func (s *Stats) finish(stage Name, elapsed time.Duration, rows int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Stages = append(s.Stages, StageStat{Stage: stage, Elapsed: elapsed, Rows: rows})
}
