package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "create or upgrade the registry",
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return &usageError{problem: "init takes no arguments", advice: "see: repave init --help"}
			}
			d, err := p.connect(c)
			if err != nil {
				return err
			}
			defer d.close()
			if err := d.migrate(c.Context); err != nil {
				return err
			}
			schema := d.registry.Schema()
			fmt.Fprintf(p.stdout, "The registry is in schema %s. A role that shall run jobs needs this\n"+
				"(and what repave plan TABLE names):\n\n"+
				"GRANT USAGE, CREATE ON SCHEMA %s TO role;\n"+
				"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO role;\n"+
				"GRANT TEMPORARY ON DATABASE %s TO role;\n", schema, schema, schema, ident(d.cfg.ConnConfig.Database))
			return nil
		},
	}
}
