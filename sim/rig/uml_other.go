//go:build !linux

package rig

import "os/exec"

// ownGroup does nothing: there is no user-mode Linux here to start.
func ownGroup(*exec.Cmd) {}

// endGroup does nothing.
func endGroup(*exec.Cmd) {}
