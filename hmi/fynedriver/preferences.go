package fynedriver

import (
	"log/slog"
	"sync"
)

// Store keeps preferences between runs. Save gets a copy of all values after
// each change; values are bool, int, float64, string or slices of these.
type Store interface {
	Load() (map[string]any, error)
	Save(values map[string]any) error
}

// preferences is fyne.Preferences in memory, with a Store behind it if there
// is one. It is safe for use by several goroutines.
type preferences struct {
	store Store
	log   *slog.Logger

	mu        sync.Mutex // guards the rest
	values    map[string]any
	listeners []func()
}

func newPreferences(s Store, log *slog.Logger) *preferences {
	p := &preferences{store: s, log: log, values: map[string]any{}}
	if s == nil {
		return p
	}
	if v, err := s.Load(); err != nil {
		log.Warn("preferences not loaded", "error", err)
	} else if v != nil {
		p.values = v
	}
	return p
}

func (p *preferences) set(key string, v any) {
	p.mu.Lock()
	if v == nil {
		delete(p.values, key)
	} else {
		p.values[key] = v
	}
	all := make(map[string]any, len(p.values))
	for k, v := range p.values {
		all[k] = v
	}
	fs := append([]func(){}, p.listeners...)
	p.mu.Unlock()
	if p.store != nil {
		if err := p.store.Save(all); err != nil {
			p.log.Warn("preferences not saved", "error", err)
		}
	}
	for _, f := range fs {
		f()
	}
}

func get[T any](p *preferences, key string, fallback T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.values[key].(T); ok {
		return v
	}
	return fallback
}

func (p *preferences) Bool(key string) bool                           { return get(p, key, false) }
func (p *preferences) BoolWithFallback(key string, f bool) bool       { return get(p, key, f) }
func (p *preferences) SetBool(key string, v bool)                     { p.set(key, v) }
func (p *preferences) BoolList(key string) []bool                     { return get(p, key, []bool{}) }
func (p *preferences) BoolListWithFallback(k string, f []bool) []bool { return get(p, k, f) }
func (p *preferences) SetBoolList(key string, v []bool)               { p.set(key, v) }

func (p *preferences) Float(key string) float64                              { return get(p, key, 0.0) }
func (p *preferences) FloatWithFallback(key string, f float64) float64       { return get(p, key, f) }
func (p *preferences) SetFloat(key string, v float64)                        { p.set(key, v) }
func (p *preferences) FloatList(key string) []float64                        { return get(p, key, []float64{}) }
func (p *preferences) FloatListWithFallback(k string, f []float64) []float64 { return get(p, k, f) }
func (p *preferences) SetFloatList(key string, v []float64)                  { p.set(key, v) }

func (p *preferences) Int(key string) int                          { return get(p, key, 0) }
func (p *preferences) IntWithFallback(key string, f int) int       { return get(p, key, f) }
func (p *preferences) SetInt(key string, v int)                    { p.set(key, v) }
func (p *preferences) IntList(key string) []int                    { return get(p, key, []int{}) }
func (p *preferences) IntListWithFallback(k string, f []int) []int { return get(p, k, f) }
func (p *preferences) SetIntList(key string, v []int)              { p.set(key, v) }

func (p *preferences) String(key string) string                             { return get(p, key, "") }
func (p *preferences) StringWithFallback(key, f string) string              { return get(p, key, f) }
func (p *preferences) SetString(key string, v string)                       { p.set(key, v) }
func (p *preferences) StringList(key string) []string                       { return get(p, key, []string{}) }
func (p *preferences) StringListWithFallback(k string, f []string) []string { return get(p, k, f) }
func (p *preferences) SetStringList(key string, v []string)                 { p.set(key, v) }

func (p *preferences) RemoveValue(key string) { p.set(key, nil) }

func (p *preferences) AddChangeListener(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners = append(p.listeners, f)
}

func (p *preferences) ChangeListeners() []func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]func(){}, p.listeners...)
}
