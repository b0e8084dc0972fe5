//go:build !race

package continuity_test

const raced = false
