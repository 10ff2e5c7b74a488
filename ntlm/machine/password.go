package machine

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
)

// passwordSize is how many random bytes a password is made of. It is printed as 64
// characters.
const passwordSize = 48

// newPassword returns a random password of ASCII letters, digits, - and _, in which
// there are small and capital letters and digits, as a domain's policy may want.
func newPassword(random io.Reader) (string, error) {
	b := make([]byte, passwordSize)
	for {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", err
		}
		p := base64.RawURLEncoding.EncodeToString(b)
		if strings.ContainsAny(p, "0123456789") && strings.ToLower(p) != p && strings.ToUpper(p) != p {
			return p, nil
		}
	}
}

// unicodePwd is the attribute's value for a password ([MS-ADTS] section 3.1.1.3.1.5):
// UTF-16, in quotes.
func unicodePwd(password string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}
