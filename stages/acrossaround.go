package stages

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// sessionSettings are those of ordinary sessions that decide what statements yield.
var sessionSettings = []string{
	"DateStyle", "IntervalStyle", "TimeZone", "bytea_output", "default_text_search_config", "lc_monetary", "lc_numeric", "lc_time", "xmloption",
}

// Surroundings says how the target's database differs from the source's around
// the tables: extensions, text, settings of the operator's sessions. It only reads.
func Surroundings(ctx context.Context, source, target sqltmpl.DB, ends Ends) ([]string, error) {
	from, err := sqltmpl.All[sqltmpl.Surrounding](ctx, source, sqltmpl.ReadSurroundings{}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading what the source has: %w", err)
	}
	to, err := sqltmpl.All[sqltmpl.Surrounding](ctx, target, sqltmpl.ReadSurroundings{}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading what the target has: %w", err)
	}
	has := map[string]string{}
	for _, s := range to {
		has[s.Kind+" "+s.Name] = s.Value
	}
	var out []string
	for _, s := range from {
		value, ok := has[s.Kind+" "+s.Name]
		switch {
		case ok && value == s.Value:
		case !ok:
			out = append(out, fmt.Sprintf("the target has no extension %s (source: %s)", s.Name, s.Value))
		case s.Kind == "extension":
			out = append(out, fmt.Sprintf("extension %s is %s on the target, %s on the source", s.Name, value, s.Value))
		default:
			out = append(out, fmt.Sprintf("%s is %s on the target, %s on the source", s.Name, shown(value), shown(s.Value)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ends.SourceSettings)) {
		from, to := ends.SourceSettings[name], ends.TargetSettings[name]
		if slices.Contains(sessionSettings, name) && from != to {
			out = append(out, fmt.Sprintf("%s is %s on the target, %s on the source", name, shown(to), shown(from)))
		}
	}
	return out, nil
}

// shown is a value as a sentence has it.
func shown(value string) string {
	if value == "" {
		return "empty"
	}
	return value
}
