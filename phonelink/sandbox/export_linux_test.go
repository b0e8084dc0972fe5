package sandbox

// Filter is the program of the kernel, for a virtual machine.
var Filter = filter
