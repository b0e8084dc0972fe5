package vss

// Text is the embedded catalogue.
func Text() string { return text }
