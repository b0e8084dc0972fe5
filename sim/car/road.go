package car

// The road is a closed loop of straights and arcs, invented for this car: a
// town, a country road over a hill, a stretch of fast road, a few hairpins and
// a village. The lengths of the straights close the loop to half a centimetre;
// what easing the curves adds is spread over its whole length.

// piece is one straight (turn 0) or arc of the loop.
type piece struct {
	length   float64 // m, of a straight
	radius   float64 // m, of an arc
	turn     float64 // degrees, to the left positive
	limit    float64 // km/h, as signed
	altitude float64 // m, at its end
}

var loop = []piece{
	{length: 314.43, limit: 50, altitude: 412},
	{radius: 30, turn: 90, limit: 50, altitude: 412},
	{length: 210.73, limit: 50, altitude: 413},
	{radius: 60, turn: -60, limit: 50, altitude: 414},
	{length: 363.91, limit: 50, altitude: 417},
	{radius: 250, turn: 30, limit: 100, altitude: 422},
	{length: 453.65, limit: 100, altitude: 448},
	{radius: 350, turn: 75, limit: 100, altitude: 468},
	{length: 391.9, limit: 120, altitude: 476},
	{radius: 500, turn: -40, limit: 120, altitude: 472},
	{length: 134.3, limit: 120, altitude: 468},
	{radius: 220, turn: 95, limit: 100, altitude: 455},
	{length: 492.16, limit: 80, altitude: 470},
	{radius: 90, turn: -50, limit: 70, altitude: 475},
	{radius: 60, turn: 110, limit: 70, altitude: 481},
	{radius: 90, turn: -45, limit: 70, altitude: 485},
	{length: 540.68, limit: 70, altitude: 470},
	{radius: 120, turn: 85, limit: 70, altitude: 461},
	{length: 1499.2, limit: 100, altitude: 430},
	{length: 366.58, limit: 50, altitude: 414},
	{radius: 40, turn: 70, limit: 50, altitude: 411},
	{length: 314.43, limit: 50, altitude: 410},
}

// Where the loop starts, and the size of a degree there (WGS 84).
const (
	startLatitude    = 47.8600
	startLongitude   = 9.9200
	metresPerLat     = 111180.0
	metresPerLon     = 74870.0
	startAltitude    = 410.0
	roadStep         = 2.0 // m between samples
	easeLength       = 11  // samples over which curvature is eased: 22 m
	slopeLength      = 41  // samples over which slope is eased: 82 m
	degree           = 0.017453292519943295
	radiansToDegrees = 57.29577951308232
)

// spot is the road at one place.
type spot struct {
	x, y       float64 // m east and north of the start
	z          float64 // m above sea level
	heading    float64 // rad, counter-clockwise from east, not reduced
	curvature  float64 // 1/m, to the left positive
	slope      float64 // m/m, uphill positive
	limit      float64 // km/h
	cosh, sinh float64 // of heading
}

type road struct {
	spots []spot // one per roadStep; the last is the place of the first again
	len   float64
	turn  float64 // rad, once around
}

func newRoad() *road {
	curvature, slope, limit := sampleLoop()
	curvature, slope = ease(curvature, easeLength), ease(slope, slopeLength)
	n := len(curvature)
	r := &road{spots: make([]spot, n+1), len: float64(n) * roadStep}
	at := spot{z: startAltitude}
	for i := range r.spots {
		k := i % n
		at.curvature, at.slope, at.limit = curvature[k], slope[k], limit[k]
		at.sinh, at.cosh = sincos(at.heading)
		r.spots[i] = at
		mid := at.heading + float64(at.curvature*(roadStep/2))
		s, c := sincos(mid)
		at.x += float64(roadStep * c)
		at.y += float64(roadStep * s)
		at.z += float64(roadStep * at.slope)
		at.heading += float64(roadStep * at.curvature)
	}
	r.turn = r.spots[n].heading
	r.close()
	return r
}

// close spreads what is missing to the start over the whole length.
func (r *road) close() {
	n := len(r.spots) - 1
	end := r.spots[n]
	for i := range r.spots {
		f := float64(i) / float64(n)
		p := &r.spots[i]
		p.x -= float64(f * end.x)
		p.y -= float64(f * end.y)
		p.z -= float64(f * (end.z - startAltitude))
	}
}

// sampleLoop is curvature, slope and limit every roadStep, uneased.
func sampleLoop() (curvature, slope, limit []float64) {
	var total float64
	for _, p := range loop {
		total += p.arc()
	}
	n := int(float64(total/roadStep) + 0.5)
	step := total / float64(n) // a little off roadStep, so that the loop closes
	before, height := turned(0)
	for k := range n {
		s := float64(float64(k) * step)
		after, top := turned(s + step)
		curvature = append(curvature, (after-before)/roadStep)
		slope = append(slope, (top-height)/step)
		limit = append(limit, pieceAt(s+float64(step/2)).limit)
		before, height = after, top
	}
	return curvature, slope, limit
}

// turned is the angle, rad, and the altitude, m, that the loop has reached s
// metres from its start.
func turned(s float64) (angle, altitude float64) {
	altitude = startAltitude
	for _, p := range loop {
		part := min(max(s/p.arc(), 0), 1)
		angle += float64(part * p.turn * degree)
		altitude += float64(part * (p.altitude - altitude))
		if s -= p.arc(); s <= 0 {
			break
		}
	}
	return angle, altitude
}

func pieceAt(s float64) piece {
	for _, p := range loop {
		if s -= p.arc(); s <= 0 {
			return p
		}
	}
	return loop[len(loop)-1]
}

// arc is the length of the piece, m.
func (p piece) arc() float64 {
	if p.turn == 0 {
		return p.length
	}
	t := p.turn
	if t < 0 {
		t = -t
	}
	return p.radius * t * degree
}

// ease is the mean of n neighbours, around the loop.
func ease(v []float64, n int) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		sum := 0.0
		for k := -n / 2; k <= n/2; k++ {
			sum += v[(i+k+len(v))%len(v)]
		}
		out[i] = sum / float64(n/2*2+1)
	}
	return out
}

// at is the road s metres from the start, any number of rounds on.
func (r *road) at(s float64) spot {
	for s < 0 {
		s += r.len
	}
	for s >= r.len {
		s -= r.len
	}
	i := min(int(s/roadStep), len(r.spots)-2)
	f := float64(s/roadStep) - float64(i) // a division by two is a product to the compiler
	a, b := &r.spots[i], &r.spots[i+1]
	mix := func(a, b float64) float64 { return a + float64(f*(b-a)) }
	return spot{
		x: mix(a.x, b.x), y: mix(a.y, b.y), z: mix(a.z, b.z),
		heading: mix(a.heading, b.heading), curvature: mix(a.curvature, b.curvature), slope: mix(a.slope, b.slope),
		limit: a.limit, cosh: mix(a.cosh, b.cosh), sinh: mix(a.sinh, b.sinh),
	}
}

// sincos is the sine and cosine of x, |x| below 1000, to 1e-12: the same bits
// everywhere, which math.Sincos is not.
func sincos(x float64) (sin, cos float64) {
	const halfPi = 1.5707963267948966
	q := int(x / halfPi)
	if x < 0 {
		q--
	}
	r := x - float64(float64(q)*halfPi) - halfPi/2 // -pi/4 to pi/4
	r2 := float64(r * r)
	s, c := 1.0, 1.0
	for k := 16.0; k >= 2; k -= 2 {
		s = 1 - float64(r2*s)/float64(k*(k+1))
		c = 1 - float64(r2*c)/float64(k*(k-1))
	}
	s = float64(s * r)
	const h = 0.7071067811865476 // turn by pi/4
	s, c = float64(h*s)+float64(h*c), float64(h*c)-float64(h*s)
	switch q & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}
