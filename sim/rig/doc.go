// Package rig boots other kernels to test on: user-mode Linux for CAN, QEMU for
// displays. It knows how to start one, run a program in it and get its output
// and exit code back; what is tested is the program's business. Only tests and
// commands use it.
package rig
