// Package cars embeds the car models that the binary carries, one directory
// each. It does not read them: carport.LoadCar does.
package cars

import "embed"

// FS holds the car directories: "tandem-one/car.yaml" and so on.
//
//go:embed tandem-one canmod-gps
var FS embed.FS

// Default is the car of a program that is not told which.
const Default = "tandem-one"

// Names lists the embedded car models.
func Names() []string {
	entries, err := FS.ReadDir(".")
	if err != nil {
		panic("internal error: embedded cars: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
