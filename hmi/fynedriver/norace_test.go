//go:build !race

package fynedriver_test

const raced = false
