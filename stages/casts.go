package stages

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Classes of conversions. One that is impossible makes plan fail.
const (
	CastSafe      = "safe"      // can't fail, whatever the data
	CastChecked   = "checked"   // tried on the data
	CastUnchecked = "unchecked" // may fail; nobody looked
)

// maxExamples is how many keys of failing rows a plan names.
const maxExamples = 20

// A Cast says what a change of type, or an expression, makes of the data.
type Cast struct {
	Column   string        `json:"column"` // of the new table
	From     string        `json:"from"`   // "" of a column that is added
	To       string        `json:"to"`
	Using    string        `json:"using,omitempty"`
	Class    string        `json:"class"`
	Rows     int64         `json:"rows"`     // that were tried
	Checked  float64       `json:"checked"`  // what part of the table's pages that is
	Failures int64         `json:"failures"` // among those
	Examples []CastFailure `json:"examples,omitempty"`

	source sqltmpl.Ident
	from   sqltmpl.Fragment
}

// A CastFailure is a row whose value can't be converted.
type CastFailure struct {
	Key     string `json:"key"`
	Problem string `json:"problem"`
}

// casts classifies the conversions of a blueprint.
func casts(b *shadow.Blueprint) []Cast {
	var out []Cast
	for _, c := range b.Columns {
		if c.Shadow == "" || c.ShadowGenerated || c.Using == "" && (c.Source == "" || c.Same) {
			continue
		}
		cast := Cast{
			Column: string(c.Shadow), From: string(c.SourceType), To: string(c.ShadowType), Using: string(c.Using),
			Class: CastUnchecked, source: c.Source, from: c.SourceType,
		}
		from, _ := columnOf(b.Source, c.Source)
		to, _ := columnOf(b.Shadow, c.Shadow)
		if c.Using == "" && (c.Safe || shadow.NeverFails(from, to)) {
			cast.Class = CastSafe
		}
		out = append(out, cast)
	}
	return out
}

// Sizes of the page ranges that conversions are tried on.
const (
	minTried  = 64
	maxTried  = 2048
	triedCuts = 4096
)

// tryCasts tries the conversions that may fail on the data, writing nothing:
// for no longer than --check-data, on page ranges in random order, so that what
// was looked at when the time is up is a fair sample. Each range is a
// transaction of its own, which is rolled back.
func tryCasts(ctx context.Context, env *Env, b *shadow.Blueprint, all []Cast) error {
	if env.Options.CheckData <= 0 || !slices.ContainsFunc(all, func(c Cast) bool { return c.Class != CastSafe }) {
		return nil
	}
	count, err := sqltmpl.One[sqltmpl.RowCount](ctx, env.Source, sqltmpl.CountRows{OID: b.Source.OID}.Statement())
	if err != nil {
		return err
	}
	size := min(max(count.Pages/triedCuts, minTried), maxTried)
	ranges := rand.Perm(int((count.Pages + size - 1) / size))
	began := time.Now()
	for done, at := range ranges {
		if done > 0 && time.Since(began) > env.Options.CheckData {
			break
		}
		for i := range all {
			if all[i].Class == CastSafe {
				continue
			}
			first := int64(at) * size
			if err := tryCast(ctx, env, b, &all[i], i, first, first+size); err != nil {
				return fmt.Errorf("trying the conversion of column %s: %w", all[i].Column, err)
			}
			all[i].Checked = float64(done+1) / float64(len(ranges))
		}
	}
	for i := range all {
		if all[i].Class == CastSafe {
			continue
		}
		all[i].Class = CastChecked
		if len(ranges) == 0 {
			all[i].Checked = 1
		}
	}
	return nil
}

// tryCast tries one conversion on a range of pages.
func tryCast(ctx context.Context, env *Env, b *shadow.Blueprint, c *Cast, n int, first, next int64) error {
	var got sqltmpl.Tried
	err := inTx(ctx, env.Source, func(tx pgx.Tx) error {
		function := sqltmpl.Ident("repave_try_" + strconv.Itoa(n+1))
		try := sqltmpl.TryRows{
			Function: function, Source: sqltmpl.Rows{Of: b.Source.Table, Partitioned: b.Source.Kind == partitioned}, Keys: keyNames(b), First: first, Next: next, Limit: maxExamples,
		}
		var create sqltmpl.Statement
		if c.Using != "" {
			create = sqltmpl.CreateTryUsing{
				Function: function, Source: b.Source.Table, Using: sqltmpl.Fragment(c.Using), To: sqltmpl.Fragment(c.To),
			}.Statement()
		} else {
			create = sqltmpl.CreateTry{Function: function, From: c.from, To: sqltmpl.Fragment(c.To)}.Statement()
			try.Column = c.source
		}
		if err := setLockTimeout(ctx, tx, env.Options.LockTimeout); err != nil {
			return err
		}
		if err := exec(ctx, tx, create); err != nil {
			return err
		}
		var err error
		if got, err = sqltmpl.One[sqltmpl.Tried](ctx, tx, try.Statement()); err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return err
	}
	c.Rows += got.Rows
	c.Failures += got.Failures
	for i, key := range got.Keys {
		if len(c.Examples) < maxExamples {
			c.Examples = append(c.Examples, CastFailure{Key: key, Problem: got.Problems[i]})
		}
	}
	return nil
}

func keyNames(b *shadow.Blueprint) sqltmpl.Columns {
	key, _ := catalog.KeyOf(b.Source)
	var names sqltmpl.Columns
	for _, num := range key.Columns {
		for _, c := range b.Source.Columns {
			if c.Num == num {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
