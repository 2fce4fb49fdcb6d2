package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// ErrGone means that there is no relation with the OID asked for.
var ErrGone = errors.New("relation does not exist any more")

// Load reads the definition of one relation, in one round trip and without a
// lock on it. What repave itself put there is left out: triggers whose
// functions live in the registry's schema, and the objects in that schema.
//
// The session's search path must be empty. The first call on a session fills
// the server's caches and takes several times as long as the next; a caller
// about to hold a strong lock calls it once before. On sessions with
// plan_cache_mode = force_generic_plan the statement is planned just once.
func Load(ctx context.Context, db sqltmpl.DB, oid uint32, registrySchema sqltmpl.Ident) (Relation, error) {
	text, err := sqltmpl.Scalar[string](ctx, db, sqltmpl.LoadRelation{OID: oid, Registry: registrySchema}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return Relation{}, fmt.Errorf("reading the catalogs: OID %d: %w", oid, ErrGone)
	}
	if err != nil {
		return Relation{}, fmt.Errorf("reading the catalogs: %w", err)
	}
	var doc struct {
		Relation
		VisibleSchemas []string `json:"visible_schemas"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return Relation{}, fmt.Errorf("reading the catalogs: %w", err)
	}
	if len(doc.VisibleSchemas) > 0 {
		// Names in deparsed definitions would mean something else elsewhere.
		return Relation{}, fmt.Errorf("reading the catalogs: search_path of the session is %q, not empty", doc.VisibleSchemas)
	}
	return doc.Relation, nil
}
