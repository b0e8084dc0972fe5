package cmd

import "tandem/hmi/input"

// DisplayCommand lets tests run the command without the whole table.
var DisplayCommand = displayCommand

// Notices and Language are what the display says, and in which language.
var (
	Notices  = notices
	Language = language
)

// Contacts is what joins the fingers of several sources.
func Contacts(to func(input.Event)) func(source int, ev input.Event) {
	c := &contacts{to: to, numbers: make(map[finger]int)}
	return c.pass
}

// ShellConfig is what a shell is made with.
var ShellConfig = (*Config).shell
