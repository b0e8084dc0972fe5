package kdeconnect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"tandem/phonelink/kdeconnect/packet"
)

// maxStrangerLine is the longest line that is taken from a device that is not
// trusted: a request to pair has some hundred bytes.
const maxStrangerLine = 1 << 10

// pairType is the only type that is read before trust.
const pairType = "kdeconnect.pair"

// pairRequest is kdeconnect.pair.
type pairRequest struct {
	Pair bool  `json:"pair"`
	Time int64 `json:"timestamp,omitempty"` // seconds since 1970
}

// errNotPair is a line of a device that is not trusted and that does not even
// contain the name of the one type it may send. It is not parsed.
var errNotPair = errors.New("kdeconnect: line is not about pairing")

// parsePair reads a line from a device that is not trusted. What does not carry
// the type's name in plain letters is refused before any parser sees it.
func parsePair(line []byte) (pairRequest, error) {
	if len(line) > maxStrangerLine {
		return pairRequest{}, errLine
	}
	if !bytes.Contains(line, []byte(`"`+pairType+`"`)) {
		return pairRequest{}, errNotPair
	}
	p, err := packet.Parse(line)
	if err != nil {
		return pairRequest{}, fmt.Errorf("pair: %w", err)
	}
	if p.Type != pairType {
		return pairRequest{}, errNotPair
	}
	return pairBody(p.Body)
}

func pairBody(body []byte) (pairRequest, error) {
	var b struct {
		Pair *bool    `json:"pair"`
		Time flexible `json:"timestamp"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return pairRequest{}, fmt.Errorf("pair: %w", err)
	}
	if b.Pair == nil {
		return pairRequest{}, errors.New("pair: does not say whether")
	}
	return pairRequest{Pair: *b.Pair, Time: int64(b.Time)}, nil
}

// line is the request as it is sent, with its newline.
func (p pairRequest) line() []byte {
	body, err := json.Marshal(p)
	if err != nil {
		panic("internal error: pair: " + err.Error())
	}
	line, err := packet.Packet{Type: pairType, Body: body}.Line()
	if err != nil {
		panic("internal error: pair: " + err.Error())
	}
	return line
}
