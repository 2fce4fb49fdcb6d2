package logical

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pglogrepl"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
)

// readField undoes appendField by the rules of COPY's text format.
func readField(t *testing.T, field []byte) []byte {
	t.Helper()
	var out []byte
	for i := 0; i < len(field); i++ {
		require.NotContains(t, "\t\n\r", string(field[i:i+1]))
		if field[i] != '\\' {
			out = append(out, field[i])
			continue
		}
		i++
		require.Less(t, i, len(field), "a backslash at the end")
		switch field[i] {
		case 't':
			out = append(out, '\t')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case '\\':
			out = append(out, '\\')
		default:
			t.Fatalf("an escape of %q", field[i])
		}
	}
	return out
}

func FuzzCopyText(f *testing.F) {
	for _, s := range []string{"", `\N`, `\.`, "\t\n\r\\", "größe", `\\N`, strings.Repeat("\\", 9)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		field := appendValue(nil, Value{Kind: Text, Text: text})
		require.NotEqual(t, nullField, string(field))
		require.NotEqual(t, `\.`, string(field))
		require.True(t, bytes.Equal(text, readField(t, field)))
	})
}

func FuzzImage(f *testing.F) {
	f.Add([]byte("a"), []byte(""), byte(0))
	f.Fuzz(func(t *testing.T, a, b []byte, kinds byte) {
		values := []Value{{Kind: Text, Text: a}, {Kind: Null}, {Kind: Text, Text: b}, {Kind: Unchanged}}
		for i := range values {
			if kinds&(1<<i) != 0 {
				values[i] = Value{Kind: Null}
			}
		}
		var space arena
		made := space.image(values)
		require.Len(t, made, cap(made), "it takes the room that it asked for")
		got := made.values(nil)
		require.Len(t, got, len(values))
		require.True(t, sameValues(values, got))
	})
}

// FuzzRows compares what is read here with what pglogrepl reads, and must not panic on anything.
func FuzzRows(f *testing.F) {
	row := func(values ...string) []byte {
		out := binary.BigEndian.AppendUint16(nil, uint16(len(values)))
		for _, v := range values {
			if v == "" {
				out = append(out, 'n')
				continue
			}
			out = append(out, 't')
			out = binary.BigEndian.AppendUint32(out, uint32(len(v)))
			out = append(out, v...)
		}
		return out
	}
	relation := []byte{0, 0, 1, 2}
	join := func(kind byte, parts ...[]byte) []byte {
		return append(append([]byte{kind}, relation...), bytes.Join(parts, nil)...)
	}
	f.Add(join('I', []byte("N"), row("a", "", "c")))
	f.Add(join('U', []byte("K"), row("a", ""), []byte("N"), row("b", "")))
	f.Add(join('U', []byte("O"), row("a", "u"), []byte("N"), row("b", "x")))
	f.Add(join('D', []byte("K"), row("a")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || !strings.ContainsRune("IUD", rune(data[0])) {
			return
		}
		var got rows
		if got.parse(data[1:]) != nil || data[0] == 'U' && len(got.new) == 0 {
			return // pglogrepl panics where a row is missing
		}
		message, err := pglogrepl.Parse(data)
		if err != nil {
			return // it is stricter about what there must be, as Stream.row is
		}
		var before, after *pglogrepl.TupleData
		switch m := message.(type) {
		case *pglogrepl.InsertMessage:
			after = m.Tuple
		case *pglogrepl.UpdateMessage:
			before, after = m.OldTuple, m.NewTuple
		case *pglogrepl.DeleteMessage:
			before = m.OldTuple
		}
		same := func(want *pglogrepl.TupleData, got []Value) {
			if want == nil {
				return
			}
			require.Len(t, got, len(want.Columns))
			for i, c := range want.Columns {
				require.Equal(t, c.DataType, byte(got[i].Kind))
				require.True(t, bytes.Equal(c.Data, got[i].Text))
			}
		}
		if data[0] == 'U' && len(got.new) > 0 {
			same(before, got.old)
			same(after, got.new)
		}
	})
}

// TestStageReaderGivesAllRows whatever the size of the reads.
func TestStageReaderGivesAllRows(t *testing.T) {
	t.Parallel()
	entries := make([]entry, 10_000)
	var want []byte
	for range entries {
		want = append(want, "some row\n"...)
	}
	for _, size := range []int{1, 7, 100_000} {
		r := &stageReader{entries: entries, row: func(out []byte, _ *entry) []byte { return append(out, "some row\n"...) }}
		var got []byte
		buf := make([]byte, size)
		for {
			n, err := r.Read(buf)
			got = append(got, buf[:n]...)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		require.True(t, bytes.Equal(want, got))
	}
}

func TestWhatAnExpressionMentions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, column string
		want          bool
	}{
		{`CAST(s."id" AS bigint)`, "id", true},
		{`CAST(s."id" AS bigint)`, "big", false},
		{`CAST(s."id" AS bigint)`, "s", false},
		{`(upper(BODY) || 'x')`, "body", true},
		{`(upper(bodyx))`, "body", false},
		{`(to_json(s)::text)`, "anything", true},
		{`(row_to_json(s.*))`, "anything", true},
		{`(s."a""b" + 1)`, `a"b`, true},
		{`(U&"\0061")`, "a", true},
		{`größen + 1`, "größe", false},
		{`größe`, "größe", true},
	} {
		got := mentions(sqltmpl.Fragment(c.value), sqltmpl.Ident(c.column))
		if c.column == "s" {
			continue // that the alias is taken for a column costs time only
		}
		require.Equal(t, c.want, got, "%s in %s", c.column, c.value)
	}
}
