package random

import "strings"

// hostile are names that become something else when they are pasted into SQL,
// a format string or a function's body, are cut off, or look like ours.
var hostile = append([]string{
	`a"b`, `a''b'`, `$1`, `$$`, `a b`, ` `, `t; DROP TABLE x; --`, `/*`, `*/`, `--`, `Größe`, `日本`, `%I`, `%s`, `\n`, `{{.Source}}`, `@key`, ` ON `,
	` USING `, ` on x using btree (`, `a.b`, `select`, `user`, `table`, `order`, `group`, `from`, `where`, `default`, `check`, `references`, `primary`,
	`current_user`, `end`, `operation`, `fixed_snapshot`, `done`, `careful`, `tg_op`, `new`, `old`, `s`, `t`, `k`, `r`, `x`, `l`, `a`, `b`,
	`repave_deleted`, `repave_wanted`, `repave_inserted`, `repave_k1`, `repave_old1`, `repave_new1`, `repave`, `repave_kind`, `key`, `problem`, `found`,
	`excluded`, `sqlerrm`, `Mixed Case`, `UPPER`, `with "two" quotes`, `'`, `''`, `"`, `""`, `tab	in it`, "new\nline", `$body$`, `$repave$`, `ünï`, `é`, `🐘`,
	`year`, `interval`, `values`, `row`, `array`, `null`, `true`, `int`, `text`, `public`, `pg_catalog`, `pg`, `information_schema`, `x.y.z`, `(a)`, `a,b`, `a=b`, `::text`,
	`name`, `value`, `id`, `ID`, `Id`, `n`, `nr`, `ctid2`, `data`, `rows`, `type`, `state`, `status`, `created at`, `0`, `1st`, `_`, `__`, `\`, `\\`, `E'x'`,
	strings.Repeat("x", 63), strings.Repeat("ü", 31), strings.Repeat("y", 62) + `"`, strings.Repeat("Z", 60), strings.Repeat("long ", 12),
}, many("plain_", 120)...)

func many(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, prefix+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return out
}
