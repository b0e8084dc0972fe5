// Package cars carries the car models that the binary brings along, each a car
// directory as vehicle/carport/README.md describes it. It knows names and
// files, not what they mean.
package cars

import "embed"

// Default is the reference car, which the simulator plays.
const Default = "tandem-one"

// FS holds one directory per car.
//
//go:embed all:*/*
var FS embed.FS

// Names lists the cars in FS, in alphabetical order.
func Names() []string {
	entries, err := FS.ReadDir(".")
	if err != nil {
		return nil // cannot be: the root of an embedded tree is always there
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
