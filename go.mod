module tandem

go 1.26.0

require (
	fyne.io/fyne/v2 v2.7.1 // widgets, layout, text, theme; drawn by our own driver and painter
	github.com/brutella/can v0.0.2 // second, independent wire codec: the simulated ECUs speak through it; pinned, later queries are refused
	github.com/coder/websocket v1.8.15 // the browser display connection
	github.com/fyne-io/oksvg v0.2.0 // SVG parser of Fyne: icons look as they do in Fyne
	github.com/go-text/render v0.2.0 // glyph rasteriser of Fyne: text equals the text of Fyne
	github.com/go-text/typesetting v0.2.1 // text shaping of Fyne
	github.com/rogpeppe/go-internal v1.14.1 // testscript: command-line tests that read as the manual
	github.com/spf13/cobra v1.10.1 // command table, help and completion
	github.com/srwiley/rasterx v0.0.0-20220730225603-2ab79fcdd4ef // vector rasteriser of Fyne
	go.einride.tech/can v0.17.0 // classic frame type at the borders; cantool code for the ECUs of the reference car
	go.uber.org/goleak v1.3.0 // goroutine leak checks in tests
	go.yaml.in/yaml/v3 v3.0.6 // car.yaml, overlay.vspec, policy.yaml, with line numbers
	golang.org/x/image v0.24.0 // anti-aliased vector fills
	golang.org/x/sync v0.17.0 // errgroup in the wiring
	golang.org/x/sys v0.49.0 // SocketCAN, DRM/KMS, evdev, memfd
)

require (
	github.com/alecthomas/kingpin/v2 v2.4.0 // indirect
	github.com/alecthomas/units v0.0.0-20211218093645-b94a6e3cc137 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/fatih/color v1.17.0 // indirect
	github.com/fredbi/uri v1.1.1 // indirect
	github.com/fyne-io/gl-js v0.2.0 // indirect
	github.com/go-gl/gl v0.0.0-20231021071112-07e5d0ea2e71 // indirect
	github.com/godbus/dbus/v5 v5.1.0 // indirect
	github.com/hack-pad/go-indexeddb v0.3.2 // indirect
	github.com/hack-pad/safejs v0.1.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jeandeaual/go-locale v0.0.0-20250612000132-0ef82f21eade // indirect
	github.com/kr/text v0.2.0 // indirect
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/nicksnyder/go-i18n/v2 v2.5.1 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/rymdport/portal v0.4.2 // indirect
	github.com/shurcooL/go v0.0.0-20190704215121-7189cc372560 // indirect
	github.com/shurcooL/go-goon v0.0.0-20170922171312-37c2f522c041 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/srwiley/oksvg v0.0.0-20221011165216-be6e8873101c // indirect
	github.com/stretchr/testify v1.11.1 // indirect
	github.com/xhit/go-str2duration/v2 v2.1.0 // indirect
	github.com/yuin/goldmark v1.7.8 // indirect
	golang.org/x/net v0.38.0 // indirect
	golang.org/x/text v0.23.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
