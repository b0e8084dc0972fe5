package cmd

// DisplayCommand lets tests run the command without the whole table.
var DisplayCommand = displayCommand
