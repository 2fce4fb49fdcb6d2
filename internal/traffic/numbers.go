package traffic

import (
	"math"
	"sync"
	"time"
)

// Latencies are counted in classes, each 5 % wider than the one before.
const (
	classes = 400
	growth  = 1.05
	finest  = time.Microsecond
	mostErr = 10 // failures that are kept in words
)

// Numbers say what traffic did.
type Numbers struct {
	Elapsed      time.Duration
	Transactions int64         // committed
	Statements   int64         // answered, BEGIN and COMMIT included
	Retries      int64         // after 40001
	Moves        int64         // transactions that found the tables moved to the other cluster, and went on there
	Refused      time.Duration // the longest that one of these took, from the first refusal to its end
	Failed       int64         // statements that failed otherwise, or did not do what they should
	Failures     []string
	Longest      time.Duration // of all statements
	LongestSQL   string

	latencies [classes]int64
}

// Add adds others' numbers; Elapsed stays.
func (n *Numbers) Add(other Numbers) {
	n.Transactions += other.Transactions
	n.Statements += other.Statements
	n.Retries += other.Retries
	n.Moves += other.Moves
	n.Refused = max(n.Refused, other.Refused)
	n.Failed += other.Failed
	n.Failures = append(n.Failures, other.Failures...)
	n.Failures = n.Failures[:min(len(n.Failures), mostErr)]
	if other.Longest > n.Longest {
		n.Longest, n.LongestSQL = other.Longest, other.LongestSQL
	}
	for i, count := range other.latencies {
		n.latencies[i] += count
	}
}

// PerSecond is the throughput in statements.
func (n *Numbers) PerSecond() float64 {
	if n.Elapsed <= 0 {
		return 0
	}
	return float64(n.Statements) / n.Elapsed.Seconds()
}

// Percentile is the latency that p percent of the statements stay below, 5 %
// too high at the most.
func (n *Numbers) Percentile(p float64) time.Duration {
	var sum int64
	for _, count := range n.latencies {
		sum += count
	}
	want := int64(math.Ceil(float64(sum) * p / 100))
	for i, count := range n.latencies {
		if want -= count; want <= 0 && count > 0 {
			return min(time.Duration(float64(finest)*math.Pow(growth, float64(i+1))), n.Longest)
		}
	}
	return n.Longest
}

// A meter counts while somebody may take the count.
type meter struct {
	mu  sync.Mutex
	now Numbers
}

func (m *meter) take() Numbers {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.now
	m.now = Numbers{}
	return taken
}

// statement counts one that was answered.
func (m *meter) statement(sql string, took time.Duration) {
	class := 0
	if took > finest {
		class = min(int(math.Log(float64(took)/float64(finest))/math.Log(growth)), classes-1)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Statements++
	m.now.latencies[class]++
	if took > m.now.Longest {
		m.now.Longest, m.now.LongestSQL = took, sql
	}
}

func (m *meter) committed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Transactions++
}

func (m *meter) retried() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Retries++
}

func (m *meter) moved(took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Moves++
	m.now.Refused = max(m.now.Refused, took)
}

func (m *meter) failed(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Failed++
	if len(m.now.Failures) < mostErr {
		m.now.Failures = append(m.now.Failures, text)
	}
}
