package cmd_test

import (
	"image"
	"testing"

	"tandem/hmi/cmd"
)

// The shell comes back from guest and valet to the profile that the link began
// with.
func TestProfile(t *testing.T) {
	c := cmd.Config{Profile: "ana"}
	if got := cmd.ShellConfig(&c, nil, nil, image.Pt(1280, 720), nil).Profile; got != "ana" {
		t.Errorf("profile: got %q, want ana", got)
	}
}
