//go:build race

package shell_test

// raced says that the race detector watches, under which painting takes ten
// times as long: tests of pictures, which start no goroutine, then look at a
// sample.
const raced = true
