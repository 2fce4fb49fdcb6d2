package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// ErrGone means that there is no relation with the OID asked for.
var ErrGone = errors.New("relation does not exist any more")

// Load reads the definition of one relation, as LoadAll does for several.
func Load(ctx context.Context, db sqltmpl.DB, oid uint32, registrySchema sqltmpl.Ident) (Relation, error) {
	found, err := LoadAll(ctx, db, []uint32{oid}, registrySchema)
	if err != nil {
		return Relation{}, err
	}
	return found.Get(oid)
}

// LoadAll reads the definitions of relations, as Read does. Those that do not
// exist are left out.
func LoadAll(ctx context.Context, db sqltmpl.DB, oids []uint32, registrySchema sqltmpl.Ident) (Relations, error) {
	docs, err := Read(ctx, db, oids, registrySchema)
	if err != nil {
		return nil, err
	}
	return docs.Relations()
}

// Documents are the definitions of relations as the server wrote them, by OID.
// If one reads as it did before, nothing that a Relation tells has changed.
type Documents map[uint32]string

// Read reads the definitions of relations, in one round trip and without a lock
// on them. Those that do not exist are left out. What repave itself put
// there is, too: triggers whose functions live in the registry's schema, and the
// objects in that schema.
//
// The session's search path must be empty. The first call on a session fills
// the server's caches and takes several times as long as the next; a caller
// about to hold a strong lock calls it once before. On sessions with
// plan_cache_mode = force_generic_plan the statement is planned just once.
func Read(ctx context.Context, db sqltmpl.DB, oids []uint32, registrySchema sqltmpl.Ident) (Documents, error) {
	rows, err := sqltmpl.All[document](ctx, db, sqltmpl.LoadRelations{OIDs: oids, Registry: registrySchema}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading the catalogs: %w", err)
	}
	out := make(Documents, len(rows))
	for _, row := range rows {
		out[row.OID] = row.Doc
	}
	return out, nil
}

type document struct {
	OID uint32 `db:"oid"`
	Doc string
}

// Relations decodes all of them.
func (d Documents) Relations() (Relations, error) {
	out := make(Relations, len(d))
	for oid, text := range d {
		var doc struct {
			Relation
			VisibleSchemas []string `json:"visible_schemas"`
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			return nil, fmt.Errorf("reading the catalogs: %w", err)
		}
		if len(doc.VisibleSchemas) > 0 {
			// Names in deparsed definitions would mean something else elsewhere.
			return nil, fmt.Errorf("reading the catalogs: search_path of the session is %q, not empty", doc.VisibleSchemas)
		}
		out[oid] = doc.Relation
	}
	return out, nil
}

// Relations are the definitions of several relations, by OID.
type Relations map[uint32]Relation

// Get returns the definition of one of them; the error wraps ErrGone if it did
// not exist.
func (r Relations) Get(oid uint32) (Relation, error) {
	one, ok := r[oid]
	if !ok {
		return Relation{}, fmt.Errorf("reading the catalogs: OID %d: %w", oid, ErrGone)
	}
	return one, nil
}
