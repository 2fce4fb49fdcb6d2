package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A stall is a slow statement of the load and what repave was doing meanwhile.
type stall struct {
	slow
	stages []string
	into   time.Duration // since the first of the stages began
}

func (s stall) String() string {
	return fmt.Sprintf("%s in %s, %s into %s", ms(s.took), s.what, ms(s.into), strings.Join(s.stages, "+"))
}

// patience is the lock timeout that repave runs with: a wait that it gave up
// began at most that long before it said so.
const patience = 500 * time.Millisecond

// attribute names the stages that each slow statement fell into, the longest
// first. Statements that waited behind a lock request that was then given up
// are left out.
func attribute(statements []slow, j job) []stall {
	var out []stall
	for _, s := range statements {
		if givenUp(s, j) {
			continue
		}
		found := stall{slow: s}
		for i, line := range j.log {
			if line.Message != "stage began" {
				continue
			}
			end := j.began.Add(time.Duration(j.seconds * float64(time.Second)))
			for _, later := range j.log[i:] {
				if later.Message == "stage finished" && later.Stage == line.Stage {
					end = later.Time
					break
				}
			}
			if s.at.Before(end) && s.at.Add(s.took).After(line.Time) {
				if len(found.stages) == 0 {
					found.into = s.at.Sub(line.Time)
				}
				found.stages = append(found.stages, line.Stage)
			}
		}
		if len(found.stages) == 0 {
			found.stages, found.into = []string{"cleanup or between"}, s.at.Sub(j.began)
		}
		out = append(out, found)
	}
	slices.SortFunc(out, func(a, b stall) int { return cmp.Compare(b.took, a.took) })
	return out
}

func givenUp(s slow, j job) bool {
	return slices.ContainsFunc(j.log, func(line logLine) bool {
		return strings.HasPrefix(line.Message, "lock not available") &&
			s.at.Before(line.Time) && s.at.Add(s.took).After(line.Time.Add(-patience))
	})
}

func longestOf(statements []slow) (out time.Duration) {
	for _, s := range statements {
		out = max(out, s.took)
	}
	return out
}

// longest says the longest of stalls that are in order.
func longest(stalls []stall) string {
	if len(stalls) == 0 {
		return "below " + ms(slowFrom)
	}
	return ms(stalls[0].took)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }
