package packet

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ContactsRequestAll asks for the ids of all contacts and when they changed.
type ContactsRequestAll struct{ Rest Rest }

// ContactsRequestVCards asks for contacts by their ids.
type ContactsRequestVCards struct {
	UIDs []string `kde:"uids,max=4096,each=128,required"`
	Rest Rest
}

// ContactsTimestamps is the ids of all contacts and, by id, when each changed,
// in milliseconds since 1970: a number, or its digits in a string. A body names
// a field for each contact, so that they stand in Rest; Stamps reads them.
type ContactsTimestamps struct {
	UIDs []string `kde:"uids,max=4096,each=128,required"`
	Rest Rest     `kde:"4200"`
}

// ContactsVCards is contacts by their ids, as vCards (RFC 6350). A body names a
// field for each contact, so that they stand in Rest; VCards reads them.
type ContactsVCards struct {
	UIDs []string `kde:"uids,max=4096,each=128,required"`
	Rest Rest     `kde:"4200"`
}

// Stamps is when each contact changed. A contact without a time has 0.
func (c *ContactsTimestamps) Stamps() map[string]int64 {
	out := make(map[string]int64, len(c.UIDs))
	for _, uid := range c.UIDs {
		out[uid], _ = identifier(c.Rest[uid])
	}
	return out
}

func (c *ContactsTimestamps) check() error {
	return entries(c.UIDs, c.Rest, func(raw json.RawMessage) error {
		if _, err := identifier(raw); err != nil {
			return fmt.Errorf("%s is not a time", clip(raw))
		}
		return nil
	})
}

// VCards is the text of each contact that came.
func (c *ContactsVCards) VCards() map[string]string {
	out := make(map[string]string, len(c.UIDs))
	for _, uid := range c.UIDs {
		if s, err := text(c.Rest[uid]); err == nil {
			out[uid] = s
		}
	}
	return out
}

func (c *ContactsVCards) check() error {
	return entries(c.UIDs, c.Rest, func(raw json.RawMessage) error {
		s, err := text(raw)
		if err == nil && len(s) > MaxVCard {
			err = fmt.Errorf("has %d bytes, want at most %d", len(s), MaxVCard)
		}
		return err
	})
}

// entries holds the field of each contact against ok. A contact may have none:
// it was removed meanwhile.
func entries(uids []string, rest Rest, ok func(json.RawMessage) error) error {
	for _, uid := range uids {
		if uid == "uids" {
			return &fieldError{"uids", errors.New("has itself as an entry")}
		}
		raw, there := rest[uid]
		if !there {
			continue
		}
		if err := ok(raw); err != nil {
			return at(uid, err)
		}
	}
	return nil
}
