package ntlm

// Mode says how far NTLM is still wanted.
type Mode byte

// The modes. The zero mode is On.
const (
	On    Mode = iota // accept
	Audit             // accept, and warn of each login
	Off               // refuse
)

// ParseMode reads the name of a mode.
func ParseMode(s string) (Mode, bool) {
	for i, name := range [...]string{On: "on", Audit: "audit", Off: "off"} {
		if s == name {
			return Mode(i), true
		}
	}
	return 0, false
}
