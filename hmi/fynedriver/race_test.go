//go:build race

package fynedriver_test

// raced says that the race detector watches, under which a frame takes ten
// times as long: the longest tests are then shorter.
const raced = true
