package sqltmpl

// RenameTable renames a table within its schema.
type RenameTable struct {
	Table Table
	To    Ident
}

// Statement renders shadow/rename_table.sql.
func (p RenameTable) Statement() Statement { return render("shadow/rename_table.sql", p, nil) }

// RenameIndex renames an index, and the constraint it belongs to.
type RenameIndex struct {
	Index Table
	To    Ident
}

// Statement renders shadow/rename_index.sql.
func (p RenameIndex) Statement() Statement { return render("shadow/rename_index.sql", p, nil) }

// RenameConstraint renames a constraint, and the index that belongs to it.
type RenameConstraint struct {
	Table Table
	Name  Ident
	To    Ident
}

// Statement renders shadow/rename_constraint.sql.
func (p RenameConstraint) Statement() Statement {
	return render("shadow/rename_constraint.sql", p, nil)
}

// CommentTable comments on a table.
type CommentTable struct {
	Table   Table
	Comment Literal
}

// Statement renders shadow/comment_table.sql.
func (p CommentTable) Statement() Statement { return render("shadow/comment_table.sql", p, nil) }

// CommentIndex comments on an index.
type CommentIndex struct {
	Index   Table
	Comment Literal
}

// Statement renders shadow/comment_index.sql.
func (p CommentIndex) Statement() Statement { return render("shadow/comment_index.sql", p, nil) }

// CommentConstraint comments on a constraint.
type CommentConstraint struct {
	Table   Table
	Name    Ident
	Comment Literal
}

// Statement renders shadow/comment_constraint.sql.
func (p CommentConstraint) Statement() Statement {
	return render("shadow/comment_constraint.sql", p, nil)
}

// DropTable drops a table.
type DropTable struct {
	Table Table
}

// Statement renders shadow/drop_table.sql.
func (p DropTable) Statement() Statement { return render("shadow/drop_table.sql", p, nil) }

// DropIndex drops an index.
type DropIndex struct {
	Index Table
}

// Statement renders shadow/drop_index.sql.
func (p DropIndex) Statement() Statement { return render("shadow/drop_index.sql", p, nil) }
