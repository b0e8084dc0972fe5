package web

// Silence is how long a viewer has owed acks.
type Silence = silence

// Look notes what has been sent and acked.
var Look = (*silence).look
