package compare

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

const (
	// rangePages is how many pages a session hashes at a time.
	rangePages = 4096
	// lastPage is beyond any page a table can have.
	lastPage = 1<<32 - 1
)

// Sides are the two clusters and a snapshot of each, exported by a session that
// keeps it.
type Sides struct {
	Source, Target                 *pgxpool.Pool
	SourceSnapshot, TargetSnapshot string
	Workers                        int // sessions on each side
	// Watch, if set, is told of each session before it reads: they hold ACCESS SHARE on all tables
	// until the end, and whoever cancels Compare when somebody waits for that has to know them.
	Watch func(source bool, conn *pgx.Conn)
}

// A Pair is a table on both sides.
type Pair struct {
	Title          string
	Blueprint      *shadow.Blueprint
	Source, Target sqltmpl.Table
	TargetOID      uint32
	// Swapped: applications write the target, and columns that the job gave values of its own.
	Swapped bool
}

// Compare compares every row of all pairs, each side read in its snapshot, and
// returns how many there are on the source. A pair that differs is a
// *DifferentError with the first keys that do; a table that was truncated or rewritten since the
// snapshot is a *RewrittenError. It takes ACCESS SHARE on the tables, writes nothing, and may run
// as often as one likes. The memory it takes does not depend on the tables' size. Report is told
// the pages hashed, of how many, and the source's rows; it is called from several sessions, one at
// a time.
func Compare(ctx context.Context, s Sides, pairs []Pair, report func(done, total, rows int64)) (rows int64, err error) {
	if err := sameSettings(ctx, s); err != nil {
		return 0, err
	}
	c := &comparison{sides: s, pairs: pairs, report: report}
	for _, p := range pairs {
		c.compare = append(c.compare, p.statement())
	}
	all := make([]int, len(pairs))
	for i := range pairs {
		all[i] = i
	}
	if err := c.hashAll(ctx, all, false); err != nil {
		return 0, err
	}
	rows = c.rows()
	for i := range pairs {
		if len(c.source[i].Differing(c.target[i])) == 0 {
			continue
		}
		// Once more, into buckets: keys are looked for in those that differ only.
		if err := c.hashAll(ctx, []int{i}, true); err != nil {
			return rows, err
		}
		return rows, c.different(ctx, i, c.source[i].Differing(c.target[i]))
	}
	return rows, nil
}

// statement says what is compared.
func (p Pair) statement() sqltmpl.Compare {
	c := sqltmpl.Compare{Source: p.Source, Shadow: p.Target}
	for _, k := range p.Blueprint.Key {
		c.Keys = append(c.Keys, sqltmpl.CompareKey{Source: k.Source, Shadow: k.Shadow, ShadowCast: "::" + k.ShadowType})
	}
	valuesAcross(&c, p.Blueprint, p.Swapped)
	return c
}

// sameSettings makes sure that what is the same prints the same.
func sameSettings(ctx context.Context, s Sides) error {
	source, err := sqltmpl.One[db.Operator](ctx, s.Source, sqltmpl.OperatorSettings{}.Statement())
	if err != nil {
		return err
	}
	target, err := sqltmpl.One[db.Operator](ctx, s.Target, sqltmpl.OperatorSettings{}.Statement())
	if err != nil {
		return err
	}
	a, b := source.Conversions(), target.Conversions()
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name] != b[name] {
			return &SettingError{Name: name, Source: a[name], Target: b[name]}
		}
	}
	return nil
}

// A comparison is one comparison of some tables.
type comparison struct {
	sides   Sides
	pairs   []Pair
	compare []sqltmpl.Compare // by pair
	report  func(done, total, rows int64)

	mu             sync.Mutex
	source, target []Buckets // by pair
	done, total    int64     // pages of both sides
}

func (c *comparison) rows() (n int64) {
	for i := range c.source {
		n += c.source[i].Rows()
	}
	return n
}

// A hashJob is a range of pages of one table of a pair, or of a partition of it.
type hashJob struct {
	pair        int
	source      bool
	drilling    bool
	table       sqltmpl.Table
	first, next int64
}

// hashAll hashes some pairs on both sides at once, range by range.
func (c *comparison) hashAll(ctx context.Context, pairs []int, drilling bool) error {
	c.source, c.target = make([]Buckets, len(c.pairs)), make([]Buckets, len(c.pairs))
	c.done, c.total = 0, 0
	var queues [2]chan hashJob
	for side, source := range []bool{true, false} {
		var jobs []hashJob
		err := c.inSnapshot(ctx, source, func(tx pgx.Tx) (err error) {
			jobs, err = c.ranges(ctx, tx, pairs, source, drilling)
			return err
		})
		if err != nil {
			return err
		}
		queues[side] = make(chan hashJob, len(jobs))
		for _, j := range jobs {
			queues[side] <- j
		}
		close(queues[side])
	}
	group, ctx := errgroup.WithContext(ctx)
	for side, source := range []bool{true, false} {
		for range max(c.sides.Workers, 1) {
			group.Go(func() error {
				return c.inSnapshot(ctx, source, func(tx pgx.Tx) error {
					for j := range queues[side] {
						if err := c.hash(ctx, tx, j); err != nil {
							return err
						}
					}
					return nil
				})
			})
		}
	}
	return group.Wait()
}

// ranges cuts one side's tables into ranges. Pages added meanwhile hold no row
// that the snapshot shows, but the last range is open all the same.
func (c *comparison) ranges(ctx context.Context, tx pgx.Tx, pairs []int, source, drilling bool) (jobs []hashJob, err error) {
	for _, i := range pairs {
		oid := c.pairs[i].TargetOID
		if source {
			oid = c.pairs[i].Blueprint.Source.OID
		}
		leaves, err := sqltmpl.All[sqltmpl.Leaf](ctx, tx, sqltmpl.SnapshotLeaves{Relation: oid}.Statement())
		if err != nil {
			return nil, err
		}
		for _, leaf := range leaves {
			c.total += leaf.Pages
			for first := int64(0); ; first += rangePages {
				j := hashJob{pair: i, source: source, drilling: drilling, table: leaf.Table(), first: first, next: first + rangePages}
				if j.next >= leaf.Pages {
					j.next = lastPage
					jobs = append(jobs, j)
					break
				}
				jobs = append(jobs, j)
			}
		}
	}
	return jobs, nil
}

func (c *comparison) hash(ctx context.Context, tx pgx.Tx, j hashJob) error {
	got, err := sqltmpl.All[Bucket](ctx, tx, j.statement(c.compare[j.pair]))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if j.source {
		c.source[j.pair].Add(got)
	} else {
		c.target[j.pair].Add(got)
	}
	c.done += min(j.next, j.first+rangePages) - j.first
	if c.report != nil {
		c.report(min(c.done, c.total), c.total, c.rows())
	}
	return nil
}

// statement hashes the range: into one bucket, and only if that differs into
// many, which takes half as long again.
func (j hashJob) statement(both sqltmpl.Compare) sqltmpl.Statement {
	if j.source {
		both.Source = j.table
	} else {
		both.Shadow = j.table
	}
	switch {
	case j.source && j.drilling:
		return sqltmpl.HashSource{Compare: both, First: j.first, Next: j.next}.Statement()
	case j.source:
		return sqltmpl.TotalSource{Compare: both, First: j.first, Next: j.next}.Statement()
	case j.drilling:
		return sqltmpl.HashShadow{Compare: both, First: j.first, Next: j.next}.Statement()
	}
	return sqltmpl.TotalShadow{Compare: both, First: j.first, Next: j.next}.Statement()
}
