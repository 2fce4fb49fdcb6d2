package db

import (
	"net/url"
	"regexp"
	"strings"
)

var keywordPassword = regexp.MustCompile(`(?i)password\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// containsAny reports whether text repeats a secret of the DSN, or so much of
// the DSN that it may.
func containsAny(text, dsn string) bool {
	if dsn != "" && strings.Contains(text, dsn) {
		return true
	}
	for _, secret := range secrets(dsn) {
		if secret != "" && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// secrets returns what may be a password in a DSN, however it is spelled.
func secrets(dsn string) []string {
	var out []string
	if u, err := url.Parse(dsn); err == nil {
		if u.User != nil {
			password, _ := u.User.Password()
			out = append(out, password)
		}
		out = append(out, u.Query().Get("password"))
	}
	if _, after, ok := strings.Cut(dsn, "://"); ok {
		if at := strings.LastIndex(after, "@"); at >= 0 {
			if _, password, ok := strings.Cut(after[:at], ":"); ok {
				out = append(out, password)
			}
		}
	}
	for _, match := range keywordPassword.FindAllStringSubmatch(dsn, -1) {
		out = append(out, strings.Trim(match[1], "'"))
	}
	return out
}
