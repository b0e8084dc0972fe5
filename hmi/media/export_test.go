package media

// What tests of package media_test look at.
var (
	DecodePicture = decodePicture
	TagPicture    = tagPicture
	Square        = square
)

// Bytes is how many bytes of covers are kept.
func (c *Covers) Bytes() int { c.mu.Lock(); defer c.mu.Unlock(); return c.size }
