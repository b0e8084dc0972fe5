package cmd

import (
	"errors"
	"log/slog"
	"path/filepath"

	"tandem/phonelink/rpc"
)

// Attached is a phone link in a process of its own, `tandem phonelink serve`,
// for one that shows and plays.
type Attached struct {
	*rpc.Client
	Files string // readable copies of received files
}

// Connect is a phone link whose sockets are in a run folder. It connects by
// itself, again and again. The caller closes it.
func Connect(run string, logger *slog.Logger) (*Attached, error) {
	if run == "" {
		return nil, errors.New("attach to a phone link: say where its socket is with --run DIR, as in 'tandem phonelink serve --run DIR'")
	}
	run, err := filepath.Abs(run)
	if err != nil {
		return nil, err
	}
	c, err := rpc.Dial(rpc.ClientConfig{Socket: filepath.Join(run, Socket), Logger: logger})
	if err != nil {
		return nil, err
	}
	return &Attached{c, filepath.Join(run, FilesIn)}, nil
}
