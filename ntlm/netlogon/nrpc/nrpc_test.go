package nrpc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/ndr"
)

// recorded returns an answer of Samba.
func recorded(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile("testdata/samba-4.17.txt")
	if err != nil {
		tb.Fatal(err)
	}
	_, digits, _ := strings.Cut(string(text), "\n"+name+" ")
	digits, _, _ = strings.Cut(digits, "\n")
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) == 0 {
		tb.Fatalf("%s: %v", name, err)
	}
	return string(b)
}

func TestRecordedAnswers(t *testing.T) {
	a, err := parseLogonAnswer(recorded(t, "wrong-password"))
	if err != nil || a.Status != WrongPassword || a.Validation != nil || !a.Authoritative {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = parseLogonAnswer(recorded(t, "success"))
	if err != nil || a.Status != 0 || a.Validation == nil {
		t.Fatalf("%+v, %v", a, err)
	}
	v := a.Validation
	const domain = "S-1-5-21-1111111111-2222222222-3333333333-"
	got := fmt.Sprintf("%s %s %s %s %v %v %v %v %v %x", v.EffectiveName, v.Domain, v.DNSDomain, v.UPN, v.UserSID, v.PrimaryGroup, v.Groups, v.ExtraSIDs, v.Guest, v.UserSessionKey[:])
	want := "alice EXAMPLE example.test alice@example.test " + domain + "1103 " + domain + "513 [" +
		domain + "513 " + domain + "1121 " + domain + "1120 " + domain + "1125 " + domain + "1126 " + domain + "1122] [] false 91ab9723b74a912834574396f1126fae"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", v, v, *v), "91ab") {
		t.Error("the session key is printed")
	}
}

// TestTruncated cuts the answers everywhere, and puts something behind them.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"wrong-password", "success"} {
		whole := recorded(t, name)
		for n := range whole {
			if a, err := parseLogonAnswer(whole[:n]); err == nil || a != nil {
				t.Errorf("%s, %d bytes: %+v", name, n, a)
			}
		}
		if a, err := parseLogonAnswer(whole + "\x00"); err == nil {
			t.Errorf("%s and more: %+v", name, a)
		}
	}
}

// TestChanged changes every byte of a refusal: none makes it a success.
func TestChanged(t *testing.T) {
	whole := recorded(t, "wrong-password")
	for i := range whole {
		for b := range 256 {
			changed := whole[:i] + string([]byte{byte(b)}) + whole[i+1:]
			if a, err := parseLogonAnswer(changed); err == nil && (a.Status == 0 || a.Validation != nil) {
				t.Errorf("byte %d is %#x: %+v", i, b, a)
			}
		}
	}
}

// TestSuccessWithoutUser: answers that are well-formed and say nothing.
func TestSuccessWithoutUser(t *testing.T) {
	success := recorded(t, "success")
	noName := strings.Replace(success, "\x0a\x00\x0a\x00\x20\x00\x02\x00", "\x00\x00\x00\x00\x00\x00\x00\x00", 1)
	noName = strings.Replace(noName, "\x05\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00a\x00l\x00i\x00c\x00e\x00\x00\x00", "", 1)
	const domainID, domain = "\x44\x00\x02\x00", "\x04\x00\x00\x00\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00"
	noDomain := strings.Replace(success, domainID, "\x00\x00\x00\x00", 1)
	at := strings.Index(noDomain, domain)
	noDomain = noDomain[:at] + noDomain[at+len(domain)+3*4:]
	for name, c := range map[string]struct {
		answer string
		want   error
	}{
		"no domain":     {noDomain, errNoDomain},
		"nothing":       {"\x06\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", errNobody},
		"no name":       {noName, errNobody},
		"another level": {"\x03" + success[1:], errLevel},
	} {
		if a, err := parseLogonAnswer(c.answer); !errors.Is(err, c.want) || a != nil {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// TestLogonRequest has the request as it is on the wire.
func TestLogonRequest(t *testing.T) {
	b, err := logonRequest("P", &ntlm.Logon{Challenge: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, Domain: "D", User: "Us", NTResponse: []byte{0xaa, 0xbb, 0xcc}})
	if err != nil {
		t.Fatal(err)
	}
	want := "00000000 00000200 02000000 00000000 02000000 5000 0000" + // LogonServer, ComputerName
		"0200 0200 04000200" + // level
		"0200 0200 08000200 30080000 0000000000000000" + // domain, ParameterControl, Reserved
		"0400 0400 0c000200 0000 0000 10000200" + // user, workstation
		"0102030405060708 0300 0300 14000200 0000 0000 18000200" + // challenge and responses
		"01000000 00000000 01000000 4400 0000" + "02000000 00000000 02000000 55007300" + "00000000 00000000 00000000" +
		"03000000 00000000 03000000 aabbcc 00" + "00000000 00000000 00000000" +
		"0600 0000 00000000" // validation level, ExtraFlags
	if got := hex.EncodeToString(b); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, strings.ReplaceAll(want, " ", ""))
	}
}

func TestStatus(t *testing.T) {
	for s, want := range map[Status]string{WrongPassword: "STATUS_WRONG_PASSWORD", 0xC0000001: "NTSTATUS 0xC0000001"} {
		if s.Error() != want {
			t.Error(s.Error())
		}
	}
}

// FuzzLogonAnswer checks that an answer says yes with a user, or no without one, and
// that no more is allocated than a multiple of its length.
func FuzzLogonAnswer(f *testing.F) {
	f.Add(recorded(f, "success"))
	f.Add(recorded(f, "wrong-password"))
	var w ndr.Writer
	w.Uint16(6)
	w.Pointer()
	f.Add(string(w.Bytes()) + strings.Repeat("\x00", 300))
	f.Fuzz(func(t *testing.T, data string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a, err := parseLogonAnswer(data)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(24*len(data)+64<<10) {
			t.Fatalf("%d bytes allocated for %d", used, len(data))
		}
		switch {
		case (a == nil) == (err == nil):
			t.Fatalf("%+v, %v", a, err)
		case err != nil:
		case (a.Status == 0) != (a.Validation != nil):
			t.Fatalf("%+v", a)
		case a.Status == 0 && (a.Validation.EffectiveName == "" || a.Validation.UserSID.IsZero()):
			t.Fatalf("nobody: %+v", a.Validation)
		}
	})
}
