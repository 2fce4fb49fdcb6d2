package compare_test

import (
	"os"
	"testing"

	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
