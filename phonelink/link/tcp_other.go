//go:build !linux

package link

// setLowWater does nothing here: a call may wait behind what the kernel holds.
func setLowWater(uintptr) {}
