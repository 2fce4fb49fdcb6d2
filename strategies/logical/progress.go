package logical

import (
	"math"
	"time"

	"github.com/jackc/pglogrepl"
)

// Progress says how far a stream has been applied.
type Progress struct {
	Received  pglogrepl.LSN // everything before it was read
	Applied   pglogrepl.LSN // everything before it is committed on the other cluster, the position with it
	Confirmed pglogrepl.LSN // what the slot was told
	WALEnd    pglogrepl.LSN // of the cluster that the changes come from, when asked last
	// Changes and Transactions count what an Applier has applied, Pending what it has written of a
	// transaction that it has not committed yet.
	Changes      int64
	Pending      int64
	Transactions int64
	LastCommit   time.Time     // of the last transaction applied, by the clock of where it was made
	PID          int32         // of the session that applies
	LagBytes     int64         // of WAL between what was applied and WALEnd
	Lag          time.Duration // for how long WAL has been waiting to be applied; UnknownLag
}

// UnknownLag is the lag as long as nobody can tell.
const UnknownLag = time.Duration(math.MaxInt64)

// maxSamples bounds what a lagMeter remembers.
const maxSamples = 4096

// A lagMeter remembers when the WAL ended where. It needs no clock but ours.
type lagMeter struct {
	samples []walSample // in order
}

type walSample struct {
	end pglogrepl.LSN
	at  time.Time
}

// add remembers that the WAL ended at end.
func (m *lagMeter) add(end pglogrepl.LSN, at time.Time) {
	if n := len(m.samples); n > 1 && m.samples[n-1].end == end && m.samples[n-2].end == end {
		m.samples[n-1].at = at
		return
	}
	m.samples = append(m.samples, walSample{end: end, at: at})
	if len(m.samples) > maxSamples {
		// Every other one will do, but for the latest.
		thin := m.samples[:0]
		for i, s := range m.samples {
			if i%2 == 0 || i == len(m.samples)-1 {
				thin = append(thin, s)
			}
		}
		m.samples = thin
	}
}

// lag returns how long ago the WAL ended at or before what has been applied: all
// that was there then has been.
func (m *lagMeter) lag(applied pglogrepl.LSN, now time.Time) time.Duration {
	last := -1
	for i, s := range m.samples {
		if s.end > applied {
			break
		}
		last = i
	}
	if last < 0 {
		return UnknownLag
	}
	m.samples = m.samples[:copy(m.samples, m.samples[last:])]
	return now.Sub(m.samples[0].at)
}
