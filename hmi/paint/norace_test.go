//go:build !race

package paint_test

const raced = false
