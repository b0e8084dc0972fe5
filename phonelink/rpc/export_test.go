package rpc

var (
	EncodeView    = encodeView
	DecodeView    = decodeView
	EncodeRequest = encodeRequest
	DecodeRequest = decodeRequest
	Requests      = requests
	Actions       = actions
)
