package message

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// parse reads the one message that hexadecimal digits are.
func parse(t testing.TB, digits string) Message {
	t.Helper()
	b := unhex(t, digits)
	if size, err := Size(b); err != nil || size != len(b) {
		t.Fatalf("%s: size %d, %v", digits, size, err)
	}
	m, err := Parse(b)
	if err != nil {
		t.Fatalf("%s: %v", digits, err)
	}
	return m
}

func TestResults(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		want    Result
	}{
		"success":          {"30 0c 020101 61 07 0a0100 0400 0400", Result{}},
		"long lengths":     {"30 84 00000010 020101 61 84 00000007 0a0100 0400 0400", Result{}}, // as Active Directory has them
		"refused":          {"30 12 020101 61 0d 0a0131 0404 64633d78 0402 6e6f", Result{Code: 49, MatchedDN: "dc=x", Text: "no"}},
		"large code":       {"30 0d 020101 65 08 0a02 1000 0400 0400", Result{Code: 0x1000}},
		"referral":         {"30 14 020101 65 0f 0a010a 0400 0400 a3 06 0401 61 0401 62", Result{Code: 10, Referrals: []string{"a", "b"}}},
		"SASL":             {"30 10 020101 61 0b 0a010e 0400 0400 87 02 6162", Result{Code: 14, Credentials: []byte("ab")}},
		"extended":         {"30 12 020101 78 0d 0a0100 0400 0400 8a 01 61 8b 01 62", Result{Name: "a"}},
		"unknown part":     {"30 0f 020101 61 0a 0a0100 0400 0400 99 01 00", Result{}},
		"name of no other": {"30 0f 020101 61 0a 0a0100 0400 0400 8a 01 61", Result{}},
	} {
		if got, err := parse(t, c.message).Result(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestEntry(t *testing.T) {
	m := parse(t, "30 1f 020105 64 1a 0401 64 30 15 30 0a 0402 636e 31 04 0400 0400 30 07 0403 736e3b 31 00")
	e, err := m.Entry()
	want := &ldap.Entry{DN: "d", Attributes: []*ldap.EntryAttribute{
		{Name: "cn", Values: []string{"", ""}, ByteValues: [][]byte{{}, {}}}, {Name: "sn;"},
	}}
	if err != nil || m.ID != 5 || !reflect.DeepEqual(e, want) {
		t.Errorf("%+v, %v", e, err)
	}
	if uris, err := parse(t, "30 0b 020105 73 06 0401 61 0401 62").Reference(); err != nil || strings.Join(uris, " ") != "a b" {
		t.Errorf("%q, %v", uris, err)
	}
}

func TestControls(t *testing.T) {
	m := parse(t, "30 28 020101 61 07 0a0100 0400 0400 a0 1a 30 03 0401 31 30 06 0401 32 0101ff 30 0b 0401 33 010100 0403 616263")
	got, err := m.Controls()
	if want := []Control{{Type: "1"}, {Type: "2"}, {Type: "3", Value: []byte("abc")}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDisconnection(t *testing.T) {
	const name = "8a16 312e332e362e312e342e312e313436362e3230303336"
	for message, want := range map[string]bool{
		"30 27 020100 78 22 0a0134 0400 0403 627965" + name: true,
		"30 27 020101 78 22 0a0134 0400 0403 627965" + name: false, // it answers a request
		"30 27 020100 65 22 0a0134 0400 0403 627965" + name: false,
		"30 0c 020100 78 07 0a0134 0400 0400":               false,
	} {
		r, ends := parse(t, message).IsDisconnection()
		if ends != want || ends && (r.Code != 52 || r.Text != "bye") {
			t.Errorf("%s: %v, %+v", message, ends, r)
		}
	}
}

// TestSize: a length is known as soon as it is there, however many octets it has.
func TestSize(t *testing.T) {
	for digits, want := range map[string]int{
		"": 0, "30": 0, "3000": 2, "307f": 129, "3081": 0, "308180": 131, "3080": -1, "30ff": -1,
		"30820100": 260, "308201": 0, "308800000000000000ff": 265, "3084ffffffff": -1, "3088ffffffffffffffff": -1, "3089000000000000000001": -1,
		"3f00": -1, "31": -1, "1f": -1, "48545450": -1,
	} {
		if got, err := Size(unhex(t, digits)); (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%s: %d, %v", digits, got, err)
		}
	}
}

// TestMalformed: what has another structure is none of it.
func TestMalformed(t *testing.T) {
	const success = "0a0100 0400 0400"
	for name, digits := range map[string]string{
		"nothing":               "",
		"something behind":      "300c 020101 6107 " + success + "00",
		"no identifier":         "3009 6107 " + success,
		"negative identifier":   "300c 0201ff 6107 " + success,
		"large identifier":      "3010 02050080000000 6107 " + success,
		"empty identifier":      "300b 0200 6107 " + success,
		"no operation":          "3003 020101",
		"cut short":             "300c 020101 6107 0a0100 0400",
		"longer than its whole": "300c 020101 6108 " + success,
		"no code":               "3009 020101 6104 0400 0400",
		"code is an integer":    "300c 020101 6107 020100 0400 0400",
		"code is negative":      "300c 020101 6107 0a01ff 0400 0400",
		"code is too large":     "300e 020101 6109 0a03010000 0400 0400",
		"no text":               "300a 020101 6105 0a0100 0400",
		"text in pieces":        "300c 020101 6107 0a0100 0400 2400",
		"indefinite":            "3080 020101 6107 " + success + "0000",
		"no strings":            "3011 020101 610c " + success + "a303 020101",
		"half a part":           "300d 020101 6108 " + success + "a3",
		"controls":              "3011 020101 6107 " + success + "a003 020101",
		"control without type":  "300f 020101 6107 " + success + "a002 3000 ",
		"no control":            "3010 020101 6107 " + success + "a005 300304",
		"entry":                 "300c 020101 6407 " + success,
		"entry of numbers":      "3010 020101 640b 0401 64 3006 3004 020101 3100",
		"values of numbers":     "3014 020101 640f 0401 64 300a 3008 0401 61 3103 020101",
		"reference":             "3008 020101 7303 020101",
		"empty reference":       "3005 020101 7300",
	} {
		m, err := Parse(unhex(t, digits))
		if err != nil {
			if !reflect.DeepEqual(m, Message{}) {
				t.Errorf("%s: %+v with an error", name, m)
			}
			continue
		}
		_, err1 := m.Result()
		_, err2 := m.Controls()
		_, err3 := m.Entry()
		_, err4 := m.Reference()
		if err2 == nil && (err1 == nil || err3 == nil || err4 == nil) {
			t.Errorf("%s: it can be read", name)
		}
	}
}

func TestPolicy(t *testing.T) {
	for digits, want := range map[string]Policy{
		"3000": {-1, -1, -1}, "3005 a003 80013c": {60, -1, -1}, "3005 a003 810102": {-1, 2, -1}, "3003 810108": {-1, -1, 8},
		"3008 a003 80013c 810101": {60, -1, 1}, "3084 00000003 810100": {-1, -1, 0}, "3003 820101": {-1, -1, -1},
	} {
		if got, err := ParsePolicy(unhex(t, digits)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", digits, got, err)
		}
	}
	for _, digits := range []string{"", "30", "3100", "3003 810109", "3003 8101ff", "3002 8100", "3005 a003 8001ff", "3003 a00180", "3000 00"} {
		if got, err := ParsePolicy(unhex(t, digits)); err == nil || got != (Policy{-1, -1, -1}) {
			t.Errorf("%s: %+v, %v", digits, got, err)
		}
	}
}

// FuzzAnswers: what can be read here, and by the library, says the same to both, and
// takes no more than came in.
func FuzzAnswers(f *testing.F) {
	for _, digits := range []string{
		"30 12 020101 61 0d 0a0131 0404 64633d78 0402 6e6f",
		"30 84 00000010 020101 61 84 00000007 0a0100 0400 0400",
		"30 14 020101 65 0f 0a010a 0400 0400 a3 06 0401 61 0401 62",
		"30 10 020101 61 0b 0a010e 0400 0400 87 02 6162",
		"30 1f 020105 64 1a 0401 64 30 15 30 0a 0402 636e 31 04 0400 0400 30 07 0403 736e3b 31 00",
		"30 28 020101 61 07 0a0100 0400 0400 a0 1a 30 03 0401 31 30 06 0401 32 0101ff 30 0b 0401 33 010100 0403 616263",
		"30 0b 020105 73 06 0401 61 0401 62",
		"30 80 020101 61 07 0a0100 0400 0400 0000",
	} {
		f.Add(unhex(f, digits))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		size, err := Size(b)
		m, errParse := Parse(b)
		if errParse == nil && (err != nil || size != len(b)) {
			t.Fatalf("a message of %d bytes has the size %d, %v", len(b), size, err)
		}
		if errParse != nil {
			return
		}
		controls, errControls := m.Controls()
		p, err := ber.DecodePacketErr(bytes.Clone(b))
		if err != nil || len(p.Children) < 2 {
			return // it reads all parts, also those that say nothing here
		}
		if p.Children[0].Value != int64(m.ID) || byte(p.Children[1].ClassType)|byte(p.Children[1].TagType)|byte(p.Children[1].Tag) != byte(m.Op) {
			t.Fatalf("%x: message %d, operation %#x", b, m.ID, m.Op)
		}
		if errControls == nil && len(p.Children) == 3 && p.Children[2].Tag == 0 && p.Children[2].ClassType == ber.ClassContext && len(controls) != len(p.Children[2].Children) {
			t.Fatalf("%x: %d controls", b, len(controls))
		}
		compareResult(t, m, p)
		compareEntry(t, m, p.Children[1])
	})
}

func compareResult(t *testing.T, m Message, p *ber.Packet) {
	t.Helper()
	r, err := m.Result()
	if err != nil {
		return
	}
	theirs := ldap.GetLDAPError(p)
	var answer *ldap.Error
	switch theirs := theirs.(type) {
	case nil:
		answer = &ldap.Error{}
	case *ldap.Error:
		answer = theirs
	}
	if answer.ResultCode == ldap.ErrorNetwork || answer.ResultCode == ldap.ErrorUnexpectedResponse {
		return // the library does not read it
	}
	if r.Code != answer.ResultCode || r.MatchedDN != answer.MatchedDN && r.Code != 0 || r.Code != 0 && r.Text != answer.Err.Error() {
		t.Fatalf("%+v, and %+v", r, answer)
	}
}

func compareEntry(t *testing.T, m Message, op *ber.Packet) {
	t.Helper()
	e, err := m.Entry()
	if err != nil {
		return
	}
	if e.DN != op.Children[0].Data.String() || len(e.Attributes) != len(op.Children[1].Children) {
		t.Fatalf("%+v", e)
	}
	for i, a := range op.Children[1].Children {
		got := e.Attributes[i]
		if got.Name != a.Children[0].Data.String() || len(got.Values) != len(a.Children[1].Children) {
			t.Fatalf("%+v", got)
		}
		for j, v := range a.Children[1].Children {
			if got.Values[j] != v.Data.String() || string(got.ByteValues[j]) != got.Values[j] {
				t.Fatalf("%q", got.Values)
			}
		}
	}
}

// FuzzPolicy: what can be read here, and by the library, says the same to both.
func FuzzPolicy(f *testing.F) {
	for _, digits := range []string{"3000", "3005 a003 80013c", "3005 a003 810102", "3008 a003 80013c 810101"} {
		f.Add(unhex(f, digits))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParsePolicy(b)
		if err != nil {
			return
		}
		control := ber.NewSequence("")
		control.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, ldap.ControlTypeBeheraPasswordPolicy, ""))
		control.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(b), ""))
		theirs, err := ldap.DecodeControl(ber.DecodePacket(control.Bytes()))
		if err != nil {
			return
		}
		p := theirs.(*ldap.ControlBeheraPasswordPolicy)
		if known := len(elements(b).parts(t)); known <= 2 && (got.Error >= 0 && got.Error != int64(p.Error) || got.Expires >= 0 && got.Expires != p.Expire || got.Grace >= 0 && got.Grace != p.Grace) {
			t.Errorf("%+v, and %+v", got, p)
		}
	})
}

// parts returns the tags of what is in a sequence.
func (e elements) parts(t *testing.T) (tags []byte) {
	t.Helper()
	content, _ := e.take(tagSequence)
	for len(content) > 0 {
		tag, _, ok := content.next()
		if !ok {
			break
		}
		tags = append(tags, tag)
	}
	return tags
}
