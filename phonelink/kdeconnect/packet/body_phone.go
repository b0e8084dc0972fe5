package packet

// Battery is a battery's state, kdeconnect.battery.
type Battery struct {
	Charge    int64 `kde:"currentCharge,min=-1,max=100,required"` // percent; -1: has none
	Charging  bool  `kde:"isCharging,required"`
	Threshold int64 `kde:"thresholdEvent,min=0,max=1"` // 1: low, as the sender sees it
	Rest      Rest
}

// BatteryRequest asks for the battery's state (deprecated).
type BatteryRequest struct {
	Request bool `kde:"request"`
	Rest    Rest
}

// Connectivity is the reception of each subscription, by a name of the
// sender's.
type Connectivity struct {
	Signals map[string]Signal `kde:"signalStrengths,max=16,each=64,required"`
	Rest    Rest
}

// Signal is the reception of one subscription.
type Signal struct {
	Network  string `kde:"networkType,max=32,required"`          // "5G", "LTE", "UMTS"
	Strength int64  `kde:"signalStrength,min=-1,max=5,required"` // 0 to 4; below: no reception
	Rest     Rest
}

// ConnectivityRequest asks for the reception (deprecated).
type ConnectivityRequest struct{ Rest Rest }

// Telephony is what happens to a call. With Cancel the event is over.
type Telephony struct {
	Event     string `kde:"event,max=16,enum=missedCall|ringing|talking|sms,required"`
	Contact   string `kde:"contactName,max=256"`
	Number    string `kde:"phoneNumber,max=128"`
	Message   string `kde:"messageBody,max=65536"` // with sms (deprecated)
	Thumbnail string `kde:"phoneThumbnail,max=524288"`
	Cancel    bool   `kde:"isCancel"`
	Rest      Rest
}

// TelephonyRequest asks for an action, "mute" (deprecated).
type TelephonyRequest struct {
	Action string `kde:"action,max=32"`
	Rest   Rest
}

// TelephonyMute asks that the ringing be silenced.
type TelephonyMute struct{ Rest Rest }

// FindMyPhone asks the device to make itself heard; a second one ends it.
type FindMyPhone struct{ Rest Rest }

// Lock says whether the device is locked.
type Lock struct {
	Locked bool `kde:"isLocked,required"`
	Rest   Rest
}

// LockRequest asks whether the device is locked, or to lock it.
type LockRequest struct {
	RequestLocked bool  `kde:"requestLocked"`
	SetLocked     *bool `kde:"setLocked"`
	Rest          Rest
}

// Notification is one notification, or that it is gone.
type Notification struct {
	ID          string   `kde:"id,max=1024,required"`
	Cancel      bool     `kde:"isCancel"`
	App         string   `kde:"appName,max=256"`
	Title       string   `kde:"title,max=4096"`
	Text        string   `kde:"text,max=65536"`
	Ticker      string   `kde:"ticker,max=65536"` // title and text in one
	Clearable   bool     `kde:"isClearable"`
	Silent      bool     `kde:"silent"`      // it was there before
	OnlyOnce    bool     `kde:"onlyOnce"`    // deprecated
	Time        string   `kde:"time,max=24"` // milliseconds since 1970, in digits
	ReplyID     string   `kde:"requestReplyId,max=128"`
	Actions     []string `kde:"actions,max=16,each=256"`
	PayloadHash string   `kde:"payloadHash,max=64"` // MD5 of the icon that is the payload
	Rest        Rest
}

// NotificationAction presses one of a notification's buttons.
type NotificationAction struct {
	Key    string `kde:"key,max=1024,required"`
	Action string `kde:"action,max=256,required"`
	Rest   Rest
}

// NotificationReply answers a notification.
type NotificationReply struct {
	ReplyID string `kde:"requestReplyId,max=128,required"`
	Message string `kde:"message,max=65536,required"`
	Rest    Rest
}

// NotificationRequest asks for all notifications, or to close one.
type NotificationRequest struct {
	Cancel  string `kde:"cancel,max=1024"`
	Request bool   `kde:"request"`
	Rest    Rest
}

// Address is a telephone number or another way to reach somebody.
type Address struct {
	Address string `kde:"address,max=256"`
	Rest    Rest
}

// SMSMessages is messages of conversations, version 2.
type SMSMessages struct {
	Messages []SMSMessage `kde:"messages,max=4096,required"`
	Version  int64        `kde:"version,min=0,max=1000"`
	Rest     Rest
}

// Kinds of SMSMessage (Android's Telephony.TextBasedSmsColumns).
const (
	SMSInbox = 1
	SMSSent  = 2
)

// SMSMessage is one message.
type SMSMessage struct {
	ID          int64           `kde:"_id,required"`
	Addresses   []Address       `kde:"addresses,max=256,required"` // incoming: the first is the sender
	Attachments []SMSAttachment `kde:"attachments,max=64"`
	Body        string          `kde:"body,max=65536"`
	Date        int64           `kde:"date,required"` // milliseconds since 1970
	Event       int64           `kde:"event"`         // 1: text, 2: to several
	Read        int64           `kde:"read,min=0,max=1"`
	SubID       int64           `kde:"sub_id"`
	Thread      int64           `kde:"thread_id,required"`
	Kind        int64           `kde:"type,min=0,max=32,required"` // SMSInbox, SMSSent
	Rest        Rest
}

// SMSAttachment is a file of a message, with a picture of it.
type SMSAttachment struct {
	PartID    int64  `kde:"part_id,required"`
	MIME      string `kde:"mime_type,max=128,required"`
	Thumbnail string `kde:"encoded_thumbnail,max=524288"`
	Name      string `kde:"unique_identifier,max=256,required"`
	Rest      Rest
}

// SMSAttachmentFile comes with the content of an attachment as its payload.
type SMSAttachmentFile struct {
	Filename string `kde:"filename,max=256,required"`
	Rest     Rest
}

// SMSRequest asks to send a message. Number and SendSMS are version 1.
type SMSRequest struct {
	Addresses   []Address     `kde:"addresses,max=256"`
	Attachments []SMSOutgoing `kde:"attachments,max=16"`
	Message     string        `kde:"messageBody,max=65536,required"`
	SubID       int64         `kde:"subID"`
	Version     int64         `kde:"version,min=0,max=1000"`
	Number      string        `kde:"phoneNumber,max=256"`
	SendSMS     bool          `kde:"sendSms"`
	Rest        Rest
}

// SMSOutgoing is a file to be sent with a message.
type SMSOutgoing struct {
	Filename string `kde:"fileName,max=256"`
	Data     string `kde:"base64EncodedFile,max=2097152"`
	MIME     string `kde:"mimeType,max=128"`
	Rest     Rest
}

// SMSRequestAttachment asks for the content of an attachment.
type SMSRequestAttachment struct {
	PartID int64  `kde:"part_id,required"`
	Name   string `kde:"unique_identifier,max=256,required"`
	Rest   Rest
}

// SMSRequestConversation asks for messages of one conversation.
type SMSRequestConversation struct {
	Thread int64 `kde:"threadID,required"`
	Start  int64 `kde:"rangeStartTimestamp"`
	Number int64 `kde:"numberToRequest"`
	Rest   Rest
}

// SMSRequestConversations asks for the latest message of each conversation.
type SMSRequestConversations struct{ Rest Rest }
