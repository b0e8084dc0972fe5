package kdeconnect

import (
	"errors"
	"strings"
)

// Limits of a vCard.
const (
	maxVCardLines   = 2048
	maxVCardNumbers = 16
)

// parseVCard reads the name and the telephone numbers of one contact: versions
// 2.1 (vCard, the electronic business card, 1996), 3.0 (RFC 2426) and 4.0 (RFC
// 6350). Other properties, pictures above all, are passed over.
func parseVCard(text string) (name string, numbers []string, err error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if len(lines) > maxVCardLines {
		return "", nil, errors.New("vcard: has too many lines")
	}
	begun, parts := false, ""
	for i := 0; i < len(lines); i++ {
		l, used := unfold(lines[i:])
		i += used - 1
		prop, params, value, ok := property(l)
		if !ok {
			continue
		}
		switch prop {
		case "BEGIN":
			begun = true
		case "END":
			if !begun {
				return "", nil, errors.New("vcard: ends before it begins")
			}
			if name == "" {
				name = parts
			}
			return name, numbers, nil
		case "FN":
			if name == "" {
				name = unescape(decodeValue(params, value))
			}
		case "N":
			parts = nameOfParts(decodeValue(params, value))
		case "TEL":
			number := strings.TrimPrefix(unescape(decodeValue(params, value)), "tel:")
			if number = line(number, 64); number != "" && len(numbers) < maxVCardNumbers {
				numbers = append(numbers, number)
			}
		}
	}
	return "", nil, errors.New("vcard: does not end")
}

// unfold joins the lines that a long one was cut into: those that begin with a
// space (RFC 6350, 3.2), or that follow a soft break of quoted-printable.
func unfold(lines []string) (joined string, used int) {
	joined, used = lines[0], 1
	quoted := strings.Contains(strings.ToUpper(joined[:max(0, strings.IndexByte(joined, ':'))]), "QUOTED-PRINTABLE")
	var b strings.Builder
	b.WriteString(joined)
	for used < len(lines) {
		next := lines[used]
		switch {
		case next != "" && (next[0] == ' ' || next[0] == '\t'):
			b.WriteString(next[1:])
		case quoted && strings.HasSuffix(lines[used-1], "="):
			s := strings.TrimSuffix(b.String(), "=")
			b.Reset()
			b.WriteString(s)
			b.WriteString(next)
		default:
			return b.String(), used
		}
		used++
	}
	return b.String(), used
}

// property cuts a line into its name without a group, its parameters and its
// value. A colon within quotes belongs to a parameter.
func property(l string) (name, params, value string, ok bool) {
	quoted := false
	for i := range len(l) {
		switch {
		case l[i] == '"':
			quoted = !quoted
		case l[i] == ':' && !quoted:
			name, params, _ = strings.Cut(l[:i], ";")
			name = strings.ToUpper(name[strings.LastIndexByte(name, '.')+1:])
			return name, strings.ToUpper(params), l[i+1:], name != ""
		}
	}
	return "", "", "", false
}

// decodeValue undoes quoted-printable (RFC 2045, 6.7), which version 2.1 has.
func decodeValue(params, value string) string {
	if !strings.Contains(params, "QUOTED-PRINTABLE") {
		return value
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '=' && i+2 < len(value) {
			hi, lo := hexDigit(value[i+1]), hexDigit(value[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// unescape undoes RFC 6350, 3.4.
func unescape(s string) string {
	return strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\:`, ":", `\\`, `\`).Replace(s)
}

// nameOfParts makes a name of N: family, given, additional, prefix, suffix.
func nameOfParts(value string) string {
	var parts []string
	for _, p := range strings.Split(strings.ReplaceAll(value, `\;`, " "), ";") {
		parts = append(parts, strings.TrimSpace(unescape(p)))
	}
	if len(parts) > 1 {
		return strings.TrimSpace(parts[1] + " " + parts[0])
	}
	return parts[0]
}
