module tandem

go 1.26.0

require (
	fyne.io/fyne/v2 v2.7.1 // widgets, layout, text, theme; drawn by our own driver and painter
	github.com/brutella/can v0.0.2 // second, independent wire codec: the simulated ECUs speak through it; pinned, later queries are refused
	github.com/charmbracelet/bubbletea v1.3.10 // the terminal screen of tandem phone
	github.com/charmbracelet/lipgloss v1.1.0 // its colours
	github.com/coder/websocket v1.8.15 // the browser display connection
	github.com/dhowden/tag v0.0.0-20240417053706-3d75831295e8 // tags and covers of local media
	github.com/elastic/go-seccomp-bpf v1.6.0 // the system call filter of the phone link's process
	github.com/fxamacker/cbor/v2 v2.9.0 // the link's encoding: deterministic CBOR (RFC 8949) with limits on depth and size
	github.com/fyne-io/oksvg v0.2.0 // SVG parser of Fyne: icons look as they do in Fyne
	github.com/go-text/render v0.2.0 // glyph rasteriser of Fyne: text equals the text of Fyne
	github.com/go-text/typesetting v0.2.1 // text shaping of Fyne
	github.com/godbus/dbus/v5 v5.2.4 // tests drive kdeconnectd over its bus
	github.com/gopxl/beep/v2 v2.1.1 // decoders of local media: MP3, FLAC, Vorbis, WAV
	github.com/landlock-lsm/go-landlock v0.0.0-20250303204525-1544bccde3a3 // the file rules of the phone link's process
	github.com/pion/mdns/v2 v2.2.2 // multicast DNS and DNS-SD: announces the car, finds peers
	github.com/quic-go/quic-go v0.65.0 // the link between car and phone: survives a change of address
	github.com/rogpeppe/go-internal v1.14.1 // testscript: command-line tests that read as the manual
	github.com/spf13/cobra v1.10.1 // command table, help and completion
	github.com/srwiley/rasterx v0.0.0-20220730225603-2ab79fcdd4ef // vector rasteriser of Fyne
	go.einride.tech/can v0.17.0 // classic frame type at the borders; cantool code for the ECUs of the reference car
	go.uber.org/goleak v1.3.0 // goroutine leak checks in tests
	go.yaml.in/yaml/v3 v3.0.6 // car.yaml, overlay.vspec, policy.yaml, with line numbers
	golang.org/x/crypto v0.54.0 // Argon2id for the PIN of a profile
	golang.org/x/image v0.24.0 // anti-aliased vector fills
	golang.org/x/net v0.56.0 // packet connections for multicast DNS
	golang.org/x/sync v0.22.0 // errgroup in the wiring
	golang.org/x/sys v0.49.0 // SocketCAN, DRM/KMS, evdev, memfd
	google.golang.org/grpc v1.76.0 // a room's service for another process
	google.golang.org/protobuf v1.36.12 // messages of the gRPC services
	rsc.io/qr v0.2.0 // the pairing code on the screen
)

require (
	github.com/alecthomas/kingpin/v2 v2.4.0 // indirect
	github.com/alecthomas/units v0.0.0-20211218093645-b94a6e3cc137 // indirect
	github.com/aymanbagabas/go-osc52/v2 v2.0.1 // indirect
	github.com/charmbracelet/colorprofile v0.2.3-0.20250311203215-f60798e515dc // indirect
	github.com/charmbracelet/x/ansi v0.10.1 // indirect
	github.com/charmbracelet/x/cellbuf v0.0.13-0.20250311204145-2c3ea96c31dd // indirect
	github.com/charmbracelet/x/term v0.2.1 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/erikgeiser/coninput v0.0.0-20211004153227-1c3628e74d0f // indirect
	github.com/fatih/color v1.17.0 // indirect
	github.com/fredbi/uri v1.1.1 // indirect
	github.com/fyne-io/gl-js v0.2.0 // indirect
	github.com/go-gl/gl v0.0.0-20231021071112-07e5d0ea2e71 // indirect
	github.com/hack-pad/go-indexeddb v0.3.2 // indirect
	github.com/hack-pad/safejs v0.1.0 // indirect
	github.com/hajimehoshi/go-mp3 v0.3.4 // indirect
	github.com/icza/bitio v1.1.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jeandeaual/go-locale v0.0.0-20250612000132-0ef82f21eade // indirect
	github.com/jfreymuth/oggvorbis v1.0.5 // indirect
	github.com/jfreymuth/vorbis v1.0.2 // indirect
	github.com/kr/text v0.2.0 // indirect
	github.com/lucasb-eyer/go-colorful v1.2.0 // indirect
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/mattn/go-localereader v0.0.1 // indirect
	github.com/mattn/go-runewidth v0.0.16 // indirect
	github.com/mewkiz/flac v1.0.12 // indirect
	github.com/mewkiz/pkg v0.0.0-20230226050401-4010bf0fec14 // indirect
	github.com/miekg/dns v1.1.61 // indirect
	github.com/muesli/ansi v0.0.0-20230316100256-276c6243b2f6 // indirect
	github.com/muesli/cancelreader v0.2.2 // indirect
	github.com/muesli/termenv v0.16.0 // indirect
	github.com/nicksnyder/go-i18n/v2 v2.5.1 // indirect
	github.com/pion/logging v0.2.4 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/rymdport/portal v0.4.2 // indirect
	github.com/shurcooL/go v0.0.0-20190704215121-7189cc372560 // indirect
	github.com/shurcooL/go-goon v0.0.0-20170922171312-37c2f522c041 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/srwiley/oksvg v0.0.0-20221011165216-be6e8873101c // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	github.com/vishvananda/netlink v1.2.1-beta.2 // indirect
	github.com/vishvananda/netns v0.0.0-20200728191858-db3c7e526aae // indirect
	github.com/x448/float16 v0.8.4 // indirect
	github.com/xhit/go-str2duration/v2 v2.1.0 // indirect
	github.com/xo/terminfo v0.0.0-20220910002029-abceb7e1c41e // indirect
	github.com/yuin/goldmark v1.7.8 // indirect
	golang.org/x/mod v0.37.0 // indirect
	golang.org/x/text v0.40.0 // indirect
	golang.org/x/tools v0.47.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20250804133106-a7a43d27e69b // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
	kernel.org/pub/linux/libs/security/libcap/psx v1.2.70 // indirect
)
