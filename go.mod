module tandem

go 1.26

require (
	fyne.io/fyne/v2 v2.7.1 // widgets, layout, text, theme; drawn by our own driver and painter
	github.com/brutella/can v0.0.2 // second, independent wire codec: the simulated ECUs speak through it; pinned, later queries are refused
	github.com/coder/websocket v1.8.15 // the browser display's transport
	github.com/rogpeppe/go-internal v1.14.1 // testscript: command-line tests that read as the manual
	github.com/spf13/cobra v1.10.1 // command table, help and completion
	go.einride.tech/can v0.17.0 // classic frame type at the borders; cantool code for the reference car's ECUs
	go.uber.org/goleak v1.3.0 // goroutine leak checks in tests
	go.yaml.in/yaml/v3 v3.0.6 // car.yaml, overlay.vspec, policy.yaml, with line numbers
	golang.org/x/sys v0.49.0 // SocketCAN, DRM/KMS, evdev, memfd
)
