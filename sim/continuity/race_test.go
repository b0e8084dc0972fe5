//go:build race

package continuity_test

// raced: the race detector makes a schedule ten times as long. It looks at a
// tenth of them, for races; that nothing is broken the plain test shows.
const raced = true
