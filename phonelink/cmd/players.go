package cmd

import (
	"context"

	"golang.org/x/sync/errgroup"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect"
)

// carPlayers shows what plays in the car to phones with KDE Connect, and takes
// their wishes: a phone is a remote control of the car's music.
type carPlayers struct {
	*kdeconnect.Adapter
	service chan phonelink.Service // one slot: whose sessions they are
}

// Run runs the adapter.
func (p *carPlayers) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.Adapter.Run(ctx) })
	g.Go(func() error {
		select {
		case s := <-p.service:
			p.follow(ctx, s)
		case <-ctx.Done():
		}
		return nil
	})
	return g.Wait()
}

func (p *carPlayers) follow(ctx context.Context, s phonelink.Service) {
	w := s.Watch()
	defer w.Close()
	for {
		p.SetMedia(playing(w.View()))
		select {
		case <-w.C():
		case r := <-p.Requests():
			_ = s.Do(ctx, r) // a wish that is refused shows by what goes on
		case <-ctx.Done():
			return
		}
	}
}

// playing is the music that this car owns and a phone may see.
func playing(v *phonelink.View) []kdeconnect.Media {
	var list []kdeconnect.Media
	for i := range v.Sessions {
		s := &v.Sessions[i]
		if doc, ok := s.Doc.(*phonelink.MediaDoc); ok && s.Local && s.Render {
			list = append(list, kdeconnect.Media{Session: s.ID, Name: s.App, Doc: *doc})
		}
	}
	for i := range list { // names tell players apart
		if list[i].Name == "" || i > 0 {
			list[i].Name = "Tandem " + list[i].Session.String()[20:]
		}
	}
	return list
}
