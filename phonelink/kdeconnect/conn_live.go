package kdeconnect

import "time"

// A peer that is gone is noticed after keepIdle + keepCount*keepInterval, five
// seconds; stock peers take a minute.
const (
	keepIdle     = 2 * time.Second
	keepInterval = time.Second
	keepCount    = 3
)
