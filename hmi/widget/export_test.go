package widget

// Titles are the titles that are visible.
func (m *Messages) Titles() []string { return m.rend.titles }
