package car

import (
	"fmt"
	"slices"
	"strings"
)

// signals are the names of all signals that the car sends.
func (c *Car) signals() []string {
	var names []string
	for _, m := range ptd.Database().Messages {
		for _, s := range m.Signals {
			names = append(names, s.Name)
		}
	}
	for _, m := range bdd.Database().Messages {
		for _, s := range m.Signals {
			names = append(names, s.Name)
		}
	}
	for _, fs := range [][]field{
		obstacles[:], warnings[:], {parkActive, parkTone, laneEnabled, laneWarning, laneError, hasLead, leadDistance, leadSpeed, timeGap, limitSign},
		objectDistance[:], objectOffset[:], objectSpeed[:], objectKind[:], objectTrust[:],
		{laneLeft, laneRight, laneHeading, laneCurvature, trustLeft, trustRight, blindness}, echoes[:],
	} {
		for _, f := range fs {
			names = append(names, f.name)
		}
	}
	return names
}

func oneOf(family, name string, known []string) error {
	if slices.Contains(known, name) {
		return nil
	}
	slices.Sort(known)
	known = slices.Compact(known)
	if len(known) > 60 { // too many to read: those that look like it
		like := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return !strings.Contains(strings.ToLower(k), strings.ToLower(name)) })
		if len(like) == 0 || len(like) > 60 {
			return fmt.Errorf("the car has no %s %q; its database has the names", family, name)
		}
		known = like
	}
	return fmt.Errorf("the car has no %s %q; known: %s", family, name, strings.Join(known, ", "))
}
