package rpc

// Private is what makes a socket its owner's alone from the beginning.
var Private = private
