// Command look says where it is and ends with exit code 42.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	fmt.Printf("LOOK args %q\n", os.Args[1:])
	fmt.Println("LOOK colour", os.Getenv("COLOUR"))
	b, err := os.ReadFile("/data/deep/extra")
	fmt.Println("LOOK extra", string(b), err)
	if i, err := net.InterfaceByName("lo"); err == nil && i.Flags&net.FlagUp != 0 {
		fmt.Println("LOOK lo up")
	}
	_, err = os.Stat("/dev/dri/card0")
	fmt.Println("LOOK card", err == nil)
	os.Exit(42)
}
