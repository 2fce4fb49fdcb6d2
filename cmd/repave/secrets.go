package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var passwordKeyword = regexp.MustCompile(`(?i)\b(ssl)?password\s*=`)

// isDSN reports whether an argument looks like a connection string.
func isDSN(arg string) bool {
	return strings.Contains(arg, "://") || passwordKeyword.MatchString(arg)
}

// hasPassword reports whether a DSN may hold a password.
func hasPassword(dsn string) bool {
	if passwordKeyword.MatchString(dsn) {
		return true
	}
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		_, ok := u.User.Password()
		return ok
	}
	_, after, ok := strings.Cut(dsn, "://")
	user, _, at := strings.Cut(after, "@")
	return ok && at && strings.Contains(user, ":")
}

// guardSecrets refuses a DSN in a place where a table or a command is expected:
// later it would be repeated in an error.
func guardSecrets(words []string) error {
	if slices.ContainsFunc(words, isDSN) {
		return &usageError{problem: "an argument looks like a DSN", advice: "pass it with --dsn or in REPAVE_DSN"}
	}
	return nil
}
