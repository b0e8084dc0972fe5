package shell

import "time"

// FrameForTest is the shell's part of a frame.
func (s *Shell) FrameForTest() func(now time.Time) { return s.frame }
