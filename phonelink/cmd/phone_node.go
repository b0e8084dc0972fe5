package cmd

import (
	"github.com/spf13/cobra"

	"tandem/phonelink/node"
)

// phoneCommand is `tandem phone`.
func phoneCommand() *cobra.Command {
	return (&phone{open: openPhoneNode}).command()
}

// openPhoneNode makes the node of a phone.
func openPhoneNode(c phoneConfig) (phoneNode, error) {
	return node.New(node.Config{
		Data: c.data, Name: c.name, Model: "phone", Listen: c.listen, Announce: c.announce, Player: true, Logger: c.logger,
	})
}
