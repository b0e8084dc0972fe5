package shell

import (
	"time"

	"tandem/hmi"
	"tandem/hmi/restrict"
)

// restsAfter is how long nothing is typed until what was typed is kept: a power
// cut takes two seconds of work at most.
const restsAfter = 2 * time.Second

// heedWriting keeps what is typed into a draft whenever the typing rests, and
// ends it, with everything kept, once the car may move or the profile is locked.
func (s *Shell) heedWriting() {
	w := s.state.Writing
	switch {
	case !w.On():
	case !s.view.Allow.Allows(restrict.NoKeyboard|restrict.NoTextMessage) || s.model.Phones.Locked:
		s.do(hmi.Written{})
		s.mention(s.stage.kit.Format.Words.Phones.Kept)
	case w.Text != w.Base && s.now.Sub(s.typed) >= restsAfter:
		s.do(hmi.Keep{})
	}
}
