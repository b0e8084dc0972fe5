package packet

import (
	"encoding/json"
	"errors"
	"fmt"
)

// BigscreenSTT is words that were spoken to the sender.
type BigscreenSTT struct {
	Content string `kde:"content,max=65536,required"`
	Rest    Rest
}

// Clipboard is a clipboard's new content.
type Clipboard struct {
	Content string `kde:"content,max=65536,required"`
	Rest    Rest
}

// ClipboardConnect is the clipboard's content when a link comes up. Timestamp
// is in milliseconds since 1970; 0 never wins.
type ClipboardConnect struct {
	Content   string  `kde:"content,max=65536,required"`
	Timestamp float64 `kde:"timestamp,min=0,required"`
	Rest      Rest
}

// Digitizer is a stylus event.
type Digitizer struct {
	Active   *bool    `kde:"active"`
	Touching *bool    `kde:"touching"`
	Tool     string   `kde:"tool,max=8,enum=Pen|Rubber"`
	X        *float64 `kde:"x"`
	Y        *float64 `kde:"y"`
	Pressure *float64 `kde:"pressure,min=0,max=1"`
	Rest     Rest
}

// DigitizerSession starts or ends the drawing tablet.
type DigitizerSession struct {
	Action      string `kde:"action,max=8,enum=start|end,required"`
	Width       int64  `kde:"width,min=0"`
	Height      int64  `kde:"height,min=0"`
	ResolutionX int64  `kde:"resolutionX,min=0"`
	ResolutionY int64  `kde:"resolutionY,min=0"`
	Rest        Rest
}

// Mousepad is a pointer or key event. Key is one character; SpecialKey is a key
// without one.
type Mousepad struct {
	Key           string  `kde:"key,max=64"`
	SpecialKey    int64   `kde:"specialKey,min=0,max=32"`
	Alt           bool    `kde:"alt"`
	Ctrl          bool    `kde:"ctrl"`
	Shift         bool    `kde:"shift"`
	Super         bool    `kde:"super"`
	SingleClick   bool    `kde:"singleclick"`
	DoubleClick   bool    `kde:"doubleclick"`
	MiddleClick   bool    `kde:"middleclick"`
	RightClick    bool    `kde:"rightclick"`
	SingleHold    bool    `kde:"singlehold"`
	SingleRelease bool    `kde:"singlerelease"`
	DX            float64 `kde:"dx"` // pixels
	DY            float64 `kde:"dy"`
	Scroll        bool    `kde:"scroll"`
	SendAck       bool    `kde:"sendAck"`
	Rest          Rest
}

// MousepadEcho confirms a key event. Ack is true.
type MousepadEcho struct {
	Key        string `kde:"key,max=64"`
	SpecialKey int64  `kde:"specialKey,min=0,max=32"`
	Alt        bool   `kde:"alt"`
	Ctrl       bool   `kde:"ctrl"`
	Shift      bool   `kde:"shift"`
	Super      bool   `kde:"super"`
	Ack        bool   `kde:"isAck,required"`
	Rest       Rest
}

// KeyboardState says whether keys can be typed now.
type KeyboardState struct {
	State bool `kde:"state"` // older peers leave it out
	Rest  Rest
}

// Loop states of MPRIS.
const (
	LoopNone     = "None"
	LoopTrack    = "Track"
	LoopPlaylist = "Playlist"
)

// MPRIS is the list of players, the state of one of them, of which what did not
// change may be missing, or its album art as a payload. Times are in
// milliseconds, -1 for not known; volumes in percent.
type MPRIS struct {
	Players         []string `kde:"playerList,max=64,each=256"`
	Player          string   `kde:"player,max=256"`
	CanPause        *bool    `kde:"canPause"`
	CanPlay         *bool    `kde:"canPlay"`
	CanNext         *bool    `kde:"canGoNext"`
	CanPrevious     *bool    `kde:"canGoPrevious"`
	CanSeek         *bool    `kde:"canSeek"`
	Playing         *bool    `kde:"isPlaying"`
	Loop            *string  `kde:"loopStatus,max=16"`
	Shuffle         *bool    `kde:"shuffle"`
	Position        *float64 `kde:"pos,min=-1"`
	Length          *float64 `kde:"length,min=-1"`
	Volume          *float64 `kde:"volume,min=-1,max=1000"`
	Title           *string  `kde:"title,max=4096"`
	Artist          *string  `kde:"artist,max=4096"`
	Album           *string  `kde:"album,max=4096"`
	NowPlaying      *string  `kde:"nowPlaying,max=8192"` // deprecated: artist and title in one
	URL             *string  `kde:"url,max=4096"`
	ArtURL          *string  `kde:"albumArtUrl,max=65536"`
	SupportsArt     bool     `kde:"supportAlbumArtPayload"`
	TransferringArt bool     `kde:"transferringAlbumArt"`
	Rest            Rest
}

// HasPlayers reports whether the packet gives the list of players, which may be
// empty.
func (m *MPRIS) HasPlayers() bool { return len(m.Players) > 0 || m.Rest["playerList"] != nil }

// MPRISRequest asks something of a player, or for the list of them.
type MPRISRequest struct {
	Player            string   `kde:"player,max=256"`
	RequestPlayerList bool     `kde:"requestPlayerList"`
	RequestNowPlaying bool     `kde:"requestNowPlaying"`
	RequestVolume     bool     `kde:"requestVolume"`
	Action            string   `kde:"action,max=16,enum=Pause|Play|PlayPause|Stop|Next|Previous"`
	Seek              float64  `kde:"Seek"`              // microseconds from here
	SetPosition       *float64 `kde:"SetPosition,min=0"` // milliseconds
	SetVolume         *float64 `kde:"setVolume,min=0,max=100"`
	SetLoop           string   `kde:"setLoopStatus,max=16,enum=None|Track|Playlist"`
	SetShuffle        *bool    `kde:"setShuffle"`
	ArtURL            string   `kde:"albumArtUrl,max=65536"`
	Rest              Rest
}

// Presenter is a movement of a pointer on slides.
type Presenter struct {
	DX   float64 `kde:"dx"`
	DY   float64 `kde:"dy"`
	Stop bool    `kde:"stop"`
	Rest Rest
}

// RunCommand is the commands that a device offers to run: a JSON object within
// a string, read by Commands.
type RunCommand struct {
	List   string `kde:"commandList,max=262144,required"`
	CanAdd bool   `kde:"canAddCommand"`
	Rest   Rest
}

// Command is one entry of a RunCommand.
type Command struct{ Name, Command string }

// MaxCommands is how many commands a device may offer.
const MaxCommands = 256

// Commands reads the list: commands by their key.
func (r *RunCommand) Commands() (map[string]Command, error) {
	if r.List == "" {
		return nil, nil
	}
	raw := []byte(r.List)
	if err := scan(raw); err != nil {
		return nil, fmt.Errorf("packet: command list: %w", err)
	}
	fields, err := object(raw)
	if err != nil {
		return nil, fmt.Errorf("packet: command list: %w", err)
	}
	if len(fields) > MaxCommands {
		return nil, fmt.Errorf("packet: command list: has %d commands, want at most %d", len(fields), MaxCommands)
	}
	out := make(map[string]Command, len(fields))
	for key, raw := range fields {
		c, err := command(raw)
		if err == nil && len(key) > 128 {
			err = errors.New("key is longer than 128 bytes")
		}
		if err != nil {
			return nil, fmt.Errorf("packet: command list: field %s: %w", clip([]byte(key)), err)
		}
		out[key] = c
	}
	return out, nil
}

func command(raw json.RawMessage) (c Command, err error) {
	fields, err := object(raw)
	if err != nil {
		return c, err
	}
	if c.Name, err = text(fields["name"]); err != nil {
		return c, at("name", err)
	}
	if len(c.Name) > 256 {
		return c, at("name", errors.New("has more than 256 bytes"))
	}
	if raw, ok := fields["command"]; ok {
		if c.Command, err = text(raw); err != nil {
			return c, at("command", err)
		}
	}
	return c, nil
}

// RunCommandOutput is what a command under way says: that it started, lines of
// its output, or that it ended.
type RunCommandOutput struct {
	ID       int64    `kde:"id,required"`
	Started  bool     `kde:"commandStarted"`
	Command  string   `kde:"command,max=4096"`
	Output   bool     `kde:"commandOutput"`
	Stdout   []string `kde:"stdout,max=4096,each=65536"`
	Stderr   []string `kde:"stderr,max=4096,each=65536"`
	Finished bool     `kde:"commandFinished"`
	Success  bool     `kde:"success"`
	ExitCode int64    `kde:"exitCode"`
	Rest     Rest
}

// RunCommandRequest asks for the list, or to run a command of it.
type RunCommandRequest struct {
	Key                string `kde:"key,max=128"`
	RequestCommandList bool   `kde:"requestCommandList"`
	Setup              bool   `kde:"setup"` // opens the settings there
	Rest               Rest
}

// SFTP is how to reach the device's files; or Error, why they are not reached.
type SFTP struct {
	Error    string   `kde:"errorMessage,max=4096"`
	IP       string   `kde:"ip,max=64"`
	Port     int64    `kde:"port,min=0,max=65535"`
	User     string   `kde:"user,max=64"`
	Password string   `kde:"password,max=256"`
	Path     string   `kde:"path,max=4096"`
	Paths    []string `kde:"multiPaths,max=64,each=4096"`
	Names    []string `kde:"pathNames,max=64,each=256"`
	Rest     Rest
}

func (s *SFTP) check() error {
	switch {
	case s.Error != "":
		return nil
	case s.IP == "":
		return at("ip", errMissing)
	case s.Port == 0:
		return at("port", errMissing)
	case len(s.Paths) != len(s.Names):
		return at("pathNames", fmt.Errorf("has %d entries, want %d as multiPaths", len(s.Names), len(s.Paths)))
	}
	return nil
}

// SFTPRequest asks to be told how to reach the files.
type SFTPRequest struct {
	StartBrowsing bool `kde:"startBrowsing,required"`
	Rest          Rest
}

// Share is a file (the payload), a text or a link.
type Share struct {
	Filename   string `kde:"filename,max=1024"`
	Created    int64  `kde:"creationTime"` // milliseconds since 1970
	Modified   int64  `kde:"lastModified"`
	Open       bool   `kde:"open"`
	Files      int64  `kde:"numberOfFiles,min=0,max=1000000"`
	TotalBytes int64  `kde:"totalPayloadSize,min=-1"`
	Text       string `kde:"text,max=65536"`
	URL        string `kde:"url,max=8192"`
	Rest       Rest
}

// ShareUpdate is how many files come, ahead of them.
type ShareUpdate struct {
	Files      int64 `kde:"numberOfFiles,min=0,max=1000000"`
	TotalBytes int64 `kde:"totalPayloadSize,min=-1"`
	Rest       Rest
}

// SystemVolume is the list of outputs, or a change of one of them.
type SystemVolume struct {
	Sinks   []Sink   `kde:"sinkList,max=64"`
	Name    string   `kde:"name,max=1024"`
	Volume  *float64 `kde:"volume,min=0,max=10000000"`
	Muted   *bool    `kde:"muted"`
	Enabled *bool    `kde:"enabled"`
	Rest    Rest
}

// HasSinks reports whether the packet gives the list, which may be empty.
func (s *SystemVolume) HasSinks() bool { return len(s.Sinks) > 0 || s.Rest["sinkList"] != nil }

// Sink is one output.
type Sink struct {
	Name        string  `kde:"name,max=1024,required"`
	Description string  `kde:"description,max=1024"`
	Muted       bool    `kde:"muted"`
	Volume      float64 `kde:"volume,min=0,max=10000000,required"` // 0 to MaxVolume
	MaxVolume   float64 `kde:"maxVolume,min=0,max=10000000"`
	Enabled     bool    `kde:"enabled"`
	Rest        Rest
}

// SystemVolumeRequest asks for the list, or to change an output.
type SystemVolumeRequest struct {
	RequestSinks bool     `kde:"requestSinks"`
	Name         string   `kde:"name,max=1024"`
	Volume       *float64 `kde:"volume,min=0,max=10000000"`
	Muted        *bool    `kde:"muted"`
	Enabled      *bool    `kde:"enabled"`
	Rest         Rest
}

// VirtualMonitor is the screens that a device has to lend, or that it could not
// show a stream.
type VirtualMonitor struct {
	Resolutions []Resolution `kde:"resolutions,max=16"`
	Failed      *int64       `kde:"failed"`
	Rest        Rest
}

// Resolution is the size of a screen.
type Resolution struct {
	Resolution string  `kde:"resolution,max=32,required"` // "1920x1080"
	Scale      float64 `kde:"scale,min=0,max=100"`
	Rest       Rest
}

// VirtualMonitorRequest asks to show a stream.
type VirtualMonitorRequest struct {
	URL  string `kde:"url,max=4096"`
	Rest Rest
}
