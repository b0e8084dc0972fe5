package packet

import "reflect"

// Limits of fields, in bytes, where more than one type has them.
const (
	MaxText      = 64 << 10  // what a person wrote or copied
	MaxThumbnail = 512 << 10 // a picture in base 64
	MaxVCard     = 256 << 10
	MaxContacts  = 4096
)

// bodies is the register: the type of a packet and its body.
var bodies = []struct {
	name string
	body any
}{
	{"kdeconnect.identity", Identity{}},
	{"kdeconnect.pair", Pair{}},
	{"kdeconnect.battery", Battery{}},
	{"kdeconnect.battery.request", BatteryRequest{}},
	{"kdeconnect.bigscreen.stt", BigscreenSTT{}},
	{"kdeconnect.clipboard", Clipboard{}},
	{"kdeconnect.clipboard.connect", ClipboardConnect{}},
	{"kdeconnect.connectivity_report", Connectivity{}},
	{"kdeconnect.connectivity_report.request", ConnectivityRequest{}},
	{"kdeconnect.contacts.request_all_uids_timestamps", ContactsRequestAll{}},
	{"kdeconnect.contacts.request_vcards_by_uid", ContactsRequestVCards{}},
	{"kdeconnect.contacts.response_uids_timestamps", ContactsTimestamps{}},
	{"kdeconnect.contacts.response_vcards", ContactsVCards{}},
	{"kdeconnect.digitizer", Digitizer{}},
	{"kdeconnect.digitizer.session", DigitizerSession{}},
	{"kdeconnect.findmyphone.request", FindMyPhone{}},
	{"kdeconnect.lock", Lock{}},
	{"kdeconnect.lock.request", LockRequest{}},
	{"kdeconnect.mousepad.echo", MousepadEcho{}},
	{"kdeconnect.mousepad.keyboardstate", KeyboardState{}},
	{"kdeconnect.mousepad.request", Mousepad{}},
	{"kdeconnect.mpris", MPRIS{}},
	{"kdeconnect.mpris.request", MPRISRequest{}},
	{"kdeconnect.notification", Notification{}},
	{"kdeconnect.notification.action", NotificationAction{}},
	{"kdeconnect.notification.reply", NotificationReply{}},
	{"kdeconnect.notification.request", NotificationRequest{}},
	{"kdeconnect.ping", Ping{}},
	{"kdeconnect.presenter", Presenter{}},
	{"kdeconnect.runcommand", RunCommand{}},
	{"kdeconnect.runcommand.output", RunCommandOutput{}},
	{"kdeconnect.runcommand.request", RunCommandRequest{}},
	{"kdeconnect.sftp", SFTP{}},
	{"kdeconnect.sftp.request", SFTPRequest{}},
	{"kdeconnect.share.request", Share{}},
	{"kdeconnect.share.request.update", ShareUpdate{}},
	{"kdeconnect.sms.attachment_file", SMSAttachmentFile{}},
	{"kdeconnect.sms.messages", SMSMessages{}},
	{"kdeconnect.sms.request", SMSRequest{}},
	{"kdeconnect.sms.request_attachment", SMSRequestAttachment{}},
	{"kdeconnect.sms.request_conversation", SMSRequestConversation{}},
	{"kdeconnect.sms.request_conversations", SMSRequestConversations{}},
	{"kdeconnect.systemvolume", SystemVolume{}},
	{"kdeconnect.systemvolume.request", SystemVolumeRequest{}},
	{"kdeconnect.telephony", Telephony{}},
	{"kdeconnect.telephony.request", TelephonyRequest{}},
	{"kdeconnect.telephony.request_mute", TelephonyMute{}},
	{"kdeconnect.virtualmonitor", VirtualMonitor{}},
	{"kdeconnect.virtualmonitor.request", VirtualMonitorRequest{}},
}

var byName, byType = register()

func register() (map[string]*plan, map[reflect.Type]*plan) {
	names, types := make(map[string]*plan), make(map[reflect.Type]*plan)
	for _, b := range bodies {
		pl := planOf(b.name, reflect.TypeOf(b.body))
		names[b.name], types[pl.typ] = pl, pl
	}
	return names, types
}
