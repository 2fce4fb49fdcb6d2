package partitioning_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/sqltmpl"
)

func TestParseReadsClauses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"RANGE (created_at) INTERVAL 1 month":      "RANGE created_at",
		"range(\"Created At\") interval '2 weeks'": "RANGE Created At",
		"RANGE (Id) WIDTH 1000000":                 "RANGE id",
		"LIST (region)":                            "LIST region",
		"hash (a, \"B\") 16":                       "HASH a B",
	} {
		c, err := partitioning.Parse(text)
		require.NoError(t, err, text)
		got := string(c.Method)
		for _, column := range c.Columns {
			got += " " + string(column)
		}
		require.Equal(t, want, got)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "empty",
		"BY (a)":                            "neither RANGE",
		"RANGE created_at INTERVAL 1 month": "parentheses",
		"RANGE (lower(a)) WIDTH 1":          "no expressions",
		"RANGE (a, b) WIDTH 1":              "one column",
		"RANGE (a)":                         "INTERVAL",
		"RANGE (a) INTERVAL 1 fortnight":    "unit",
		"RANGE (a) INTERVAL 0 days":         "from 1 to 1000",
		"RANGE (a) INTERVAL month":          "a number and a unit",
		"RANGE (a) WIDTH 1.5":               "whole number",
		"RANGE (a) WIDTH 10; DROP TABLE x":  "more than one statement",
		"LIST (a) 4":                        "nothing follows",
		"HASH (a)":                          "how many",
		"HASH (a) 100000":                   "how many",
		"LIST (a":                           "not closed",
	} {
		_, err := partitioning.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

// bounds shows partitions as one line each.
func bounds(partitions []partitioning.Partition) []string {
	var out []string
	for _, p := range partitions {
		out = append(out, p.Suffix+" "+strings.TrimPrefix(p.Bound.String(), "FOR VALUES "))
	}
	return out
}

func TestTimesAreAlignedAndAhead(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15", text)
		require.NoError(t, err)
		return at
	}
	first, last, now := day("2025-12-31 23"), day("2026-02-01 00"), day("2026-01-15 12")
	for text, want := range map[string][]string{
		"RANGE (a) INTERVAL 1 month": {
			"p2025_12 FROM ('2025-12-01') TO ('2026-01-01')", "p2026_01 FROM ('2026-01-01') TO ('2026-02-01')",
			"p2026_02 FROM ('2026-02-01') TO ('2026-03-01')", "p2026_03 FROM ('2026-03-01') TO ('2026-04-01')",
		},
		"RANGE (a) INTERVAL 1 quarter": {
			"p2025_10 FROM ('2025-10-01') TO ('2026-01-01')", "p2026_01 FROM ('2026-01-01') TO ('2026-04-01')",
			"p2026_04 FROM ('2026-04-01') TO ('2026-07-01')",
		},
		"RANGE (a) INTERVAL 4 years": {
			"p2024 FROM ('2024-01-01') TO ('2028-01-01')", "p2028 FROM ('2028-01-01') TO ('2032-01-01')",
		},
		"RANGE (a) INTERVAL 2 weeks": {
			"p2025_12_29 FROM ('2025-12-29') TO ('2026-01-12')", "p2026_01_12 FROM ('2026-01-12') TO ('2026-01-26')",
			"p2026_01_26 FROM ('2026-01-26') TO ('2026-02-09')", "p2026_02_09 FROM ('2026-02-09') TO ('2026-02-23')",
		},
	} {
		c, err := partitioning.Parse(text)
		require.NoError(t, err)
		got, err := c.Times(&first, &last, now, 1, "2006-01-02")
		require.NoError(t, err)
		require.Equal(t, want, bounds(got), text)
	}
	c, err := partitioning.Parse("RANGE (a) INTERVAL 12 hours")
	require.NoError(t, err)
	got, err := c.Times(nil, nil, now, 1, "2006-01-02 15:04:05+00")
	require.NoError(t, err)
	require.Equal(t, []string{
		"p2026_01_15_12 FROM ('2026-01-15 12:00:00+00') TO ('2026-01-16 00:00:00+00')",
		"p2026_01_16_00 FROM ('2026-01-16 00:00:00+00') TO ('2026-01-16 12:00:00+00')",
	}, bounds(got))
	early := day("1700-01-01 00")
	_, err = c.Times(&early, &last, now, 1, "2006-01-02")
	require.ErrorContains(t, err, "more than 1000")
}

func TestNumbersStayWithinTheirType(t *testing.T) {
	t.Parallel()
	c, err := partitioning.Parse("RANGE (a) WIDTH 100")
	require.NoError(t, err)
	n := big.NewInt
	got, err := c.Numbers(n(-1), n(100), nil, nil, 1)
	require.NoError(t, err)
	require.Equal(t, []string{
		"pm100 FROM ('-100') TO ('0')", "p0 FROM ('0') TO ('100')", "p100 FROM ('100') TO ('200')", "p200 FROM ('200') TO ('300')",
	}, bounds(got))
	got, err = c.Numbers(n(-32768), n(-32768), n(-32768), n(32767), 0)
	require.NoError(t, err)
	require.Equal(t, []string{"pm32800 FROM (MINVALUE) TO ('-32700')"}, bounds(got))
	got, err = c.Numbers(n(32650), n(32750), n(-32768), n(32767), 3)
	require.NoError(t, err)
	require.Equal(t, []string{"p32600 FROM ('32600') TO ('32700')", "p32700 FROM ('32700') TO (MAXVALUE)"}, bounds(got))
	got, err = c.Numbers(nil, nil, nil, nil, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"p0 FROM ('0') TO ('100')"}, bounds(got))
	_, err = c.Numbers(n(0), n(1e12), nil, nil, 3)
	require.ErrorContains(t, err, "more than 1000")
}

func TestListsHaveReadableNames(t *testing.T) {
	t.Parallel()
	c, err := partitioning.Parse("LIST (a)")
	require.NoError(t, err)
	var values []*string
	for _, text := range []string{"eu", "EU", "it's \"ä\"", ""} {
		values = append(values, &text)
	}
	got, err := c.Lists(append(values, nil))
	require.NoError(t, err)
	require.Equal(t, []string{
		"p_eu IN ('eu')", "p_eu_2 IN ('EU')", "p_it_s____ IN ('it''s \"ä\"')", "p_ IN ('')", "p_null IN (NULL)",
	}, bounds(got))
	_, err = c.Lists(make([]*string, partitioning.MostList+1))
	require.Error(t, err)
}

func TestNamesFitTheServer(t *testing.T) {
	t.Parallel()
	require.Equal(t, sqltmpl.Ident("events_p2026_11"), partitioning.Join("events", "p2026_11"))
	long := partitioning.Join(sqltmpl.Ident(strings.Repeat("ä", 31)), "p2026_11_05")
	require.LessOrEqual(t, len(long), 63)
	require.True(t, strings.HasSuffix(string(long), "ä_p2026_11_05"))
}
