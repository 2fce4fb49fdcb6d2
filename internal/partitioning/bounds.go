package partitioning

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Partition is one to be made: what its name ends in, and which rows it takes.
type Partition struct {
	Suffix string
	Bound  sqltmpl.PartitionBound
}

// A TooManyError says that a clause would make more partitions than is sensible.
type TooManyError struct {
	Partitions string // how many
	Most       int
	Remedy     string
}

func (e *TooManyError) Error() string {
	return fmt.Sprintf("that would make %s partitions, more than %d", e.Partitions, e.Most)
}

// Hint says what to do about it.
func (e *TooManyError) Hint() string { return e.Remedy }

// Default is the partition for all other rows.
func Default() Partition {
	return Partition{Suffix: "pdefault", Bound: sqltmpl.PartitionBound{Default: true}}
}

// Hashes are the partitions of a HASH clause.
func (c Clause) Hashes() []Partition {
	digits := len(strconv.Itoa(c.Count - 1))
	var out []Partition
	for i := range c.Count {
		out = append(out, Partition{
			Suffix: fmt.Sprintf("p_hash_%0*d", max(digits, 2), i),
			Bound:  sqltmpl.PartitionBound{Modulus: c.Count, Remainder: i},
		})
	}
	return out
}

// Zone says whether bounds are counted in UTC: hours are, as local ones may
// come twice.
func (c Clause) Zone() (utc bool) { return c.Unit == Hours }

// Times are the partitions of a RANGE by INTERVAL from the first value or now,
// whichever is earlier, to the last one or now, and ahead more. All three are
// local times, or UTC if Zone says so; first and last are nil if there is no value. layout is
// how bounds are written.
func (c Clause) Times(first, last *time.Time, now time.Time, ahead int, layout string) ([]Partition, error) {
	from, to := c.index(now), c.index(now)
	if first != nil && last != nil {
		from, to = min(from, c.index(*first)), max(to, c.index(*last))
	}
	to += int64(ahead)
	if n := to - from + 1; n > Most {
		return nil, &TooManyError{
			Partitions: strconv.FormatInt(n, 10), Most: Most,
			Remedy: "choose a longer interval; or move rows with far values, which would be in the default partition, out of the way first",
		}
	}
	var out []Partition
	for i := from; i <= to; i++ {
		out = append(out, Partition{
			Suffix: "p" + c.at(i).Format(c.label),
			Bound: sqltmpl.PartitionBound{
				From: sqltmpl.Literal(c.at(i).Format(layout)), To: sqltmpl.Literal(c.at(i + 1).Format(layout)),
			},
		})
	}
	return out, nil
}

var (
	firstDay    = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	firstMonday = time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC)
)

func (c Clause) epoch() time.Time {
	if c.week {
		return firstMonday
	}
	return firstDay
}

// index is the number of the interval that a time is in.
func (c Clause) index(t time.Time) int64 {
	every := int64(c.Every)
	switch c.Unit {
	case Months:
		return floorDiv(int64(t.Year())*12+int64(t.Month())-1, every)
	case Days:
		return floorDiv(floorDiv(t.Unix()-c.epoch().Unix(), 24*60*60), every)
	default:
		return floorDiv(floorDiv(t.Unix()-c.epoch().Unix(), 60*60), every)
	}
}

// at is when an interval begins.
func (c Clause) at(i int64) time.Time {
	n := int(i) * c.Every
	switch c.Unit {
	case Months:
		return time.Date(0, 1+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	case Days:
		return c.epoch().AddDate(0, 0, n)
	default:
		return time.Unix(c.epoch().Unix()+int64(n)*60*60, 0).UTC()
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Numbers are the partitions of a RANGE by WIDTH from the first value to the
// last, and ahead more; both are nil if there is no value. Beyond least and
// most, which are nil for a type without bounds, there is nothing.
func (c Clause) Numbers(first, last, least, most *big.Int, ahead int) ([]Partition, error) {
	if first == nil || last == nil {
		first, last = new(big.Int), new(big.Int)
	}
	from, to := c.bucket(first), c.bucket(last)
	to.Add(to, big.NewInt(int64(ahead)))
	n := new(big.Int).Sub(to, from)
	if n.Add(n, big.NewInt(1)); n.Cmp(big.NewInt(Most)) > 0 {
		return nil, &TooManyError{
			Partitions: n.String(), Most: Most,
			Remedy: "choose a larger width; or move rows with far values, which would be in the default partition, out of the way first",
		}
	}
	var out []Partition
	for i := from; i.Cmp(to) <= 0; i = new(big.Int).Add(i, big.NewInt(1)) {
		low := new(big.Int).Mul(i, c.Width)
		high := new(big.Int).Add(low, c.Width)
		p := Partition{
			Suffix: numberSuffix(low),
			Bound:  sqltmpl.PartitionBound{From: sqltmpl.Literal(low.String()), To: sqltmpl.Literal(high.String())},
		}
		if least != nil && low.Cmp(least) < 0 {
			p.Bound.From, p.Bound.MinValue = "", true
		}
		end := most != nil && high.Cmp(most) > 0
		if end {
			p.Bound.To, p.Bound.MaxValue = "", true
		}
		out = append(out, p)
		if end {
			break
		}
	}
	return out, nil
}

// bucket is the number of the range that a value is in.
func (c Clause) bucket(v *big.Int) *big.Int {
	return new(big.Int).Div(v, c.Width) // Euclidean: rounds down, as widths are positive
}

func numberSuffix(low *big.Int) string {
	if low.Sign() < 0 {
		return "pm" + new(big.Int).Neg(low).String()
	}
	return "p" + low.String()
}
