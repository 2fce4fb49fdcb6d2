package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Spec is what the operator asked for. A job keeps the one it began with.
type Spec struct {
	Strategy string      `json:"strategy"`
	Tables   []TableSpec `json:"tables"`
	// WithReferencing: tables whose foreign keys follow a widened key have joined the job.
	WithReferencing bool `json:"with_referencing,omitempty"`
	// WithViews: across clusters, views over the tables are made on the target.
	WithViews bool `json:"with_views,omitempty"`
}

// Hash returns a digest that two specs share only if they ask for the same.
func (s Spec) Hash() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding spec: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Differences names what other asks for differently from s, as flags; of a
// job on several tables it says which one is meant.
func (s Spec) Differences(other Spec) []string {
	var out []string
	where := ""
	say := func(flag string, mine, theirs any) {
		if !reflect.DeepEqual(mine, theirs) {
			out = append(out, fmt.Sprintf("%s%s: the job has %v, now asked for %v", where, flag, mine, theirs))
		}
	}
	say("--strategy", s.Strategy, other.Strategy)
	say("--with-referencing", s.WithReferencing, other.WithReferencing)
	say("--with-views", s.WithViews, other.WithViews)
	if mine, theirs := plainNames(s.Tables), plainNames(other.Tables); !slices.Equal(mine, theirs) {
		say("tables", strings.Join(mine, ", "), strings.Join(theirs, ", "))
		return out
	}
	for i, table := range s.Tables {
		for _, difference := range table.Change.Differences(other.Tables[i].Change) {
			if len(s.Tables) > 1 {
				difference = table.Name.Plain() + " " + difference
			}
			out = append(out, difference)
		}
	}
	return out
}

// Settings of the session that began the job; they decide what a conversion
// between types yields (DateStyle, TimeZone, ...), so all of the job's
// sessions and functions use them.
type Settings map[string]string

// A Job is one piece of work on one or more tables.
type Job struct {
	ID        int64
	Strategy  string
	Spec      Spec
	SpecHash  string
	Flags     string // of the command line that began it, quoted for a shell
	Settings  Settings
	Stage     string // the stage it is in or about to begin
	Swapped   bool   // the rewritten tables have the names
	Proven    bool   // verify has found the tables equal
	CreatedAt time.Time
	Version   string // of the program that began it
	Waiting   string
	LastError string
	Backlog   int64
	PausedAt  *time.Time  // since when it is paused; nil if it is not
	Carried   *carry.Load // what follows the tables' names; nil before setup has rehearsed the swap
	Tables    []Table     `db:"-"`
}

// How changes of a table reach its counterpart.
const (
	CaptureNone   = ""
	CaptureLog    = "log"    // by key, in the change log
	CaptureDirect = "direct" // by the writer's own trigger
)

// A Table is one table of a job.
type Table struct {
	JobID     int64
	Number    int
	Name      sqltmpl.Table
	SourceOID uint32
	ShadowOID uint32 // 0 before setup
	Blueprint *shadow.Blueprint
	Bound     *define.Bound // across clusters: what is bound to the table on the source
	Capture   string
	Filenode  uint32 // of the source when the batches were planned; 0 before
	// The files that the live table and its counterpart were in when verify found them equal.
	ProvenLive    uint32
	ProvenStandby uint32
	LastWrite     string // xid8 of the last transaction that wrote rows for others
	Rows          int64  // estimate at setup
}

// A StageRun is one attempt at a stage.
type StageRun struct {
	RunID    int64
	Stage    string
	Backward bool
	BeganAt  time.Time
	EndedAt  *time.Time
	Rows     int64
	Error    string
}

// An Artifact is an object that a job made.
type Artifact struct {
	ArtifactID  int64
	TableNumber int
	Kind        string
	Name        string
	Undo        string
}
