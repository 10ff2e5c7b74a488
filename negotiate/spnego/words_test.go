package spnego

import (
	"strings"
	"testing"
)

func TestOIDString(t *testing.T) {
	for _, c := range []struct {
		oid  OID
		want string
	}{
		{"", "none"},
		{KRB5, "Kerberos"},
		{MSKRB5, "Kerberos (Microsoft)"},
		{KRB5U2U, "Kerberos (user to user)"},
		{IAKERB, "IAKERB"},
		{NegoEx, "NegoEx"},
		{NTLM, "NTLM"},
		{SPNEGO, "SPNEGO"},
		{"\x2b\x05\x01\x05\x02", "1.3.5.1.5.2"},
		{"\x00", "0.0"},
		{"\x27", "0.39"},
		{"\x50", "2.0"},
		{"\x88\x37", "2.999"},
		{"\x69\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "2.25.9223372036854775807"},
		{"\x69\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "OID 6981ffffffffffffffff7f"},
		{"\x2a\x80\x01", "OID 2a8001"},
		{"\x2a\x81", "OID 2a81"},
	} {
		if got := c.oid.String(); got != c.want {
			t.Errorf("%x: %s, want %s", string(c.oid), got, c.want)
		}
	}
}

// TestOIDContent spells the constants' dotted forms, which their comments give.
func TestOIDContent(t *testing.T) {
	for oid, want := range map[OID]string{
		KRB5:    "1.2.840.113554.1.2.2",
		MSKRB5:  "1.2.840.48018.1.2.2",
		KRB5U2U: "1.2.840.113554.1.2.2.3",
		IAKERB:  "1.3.6.1.5.2.5",
		NegoEx:  "1.3.6.1.4.1.311.2.2.30",
		NTLM:    "1.3.6.1.4.1.311.2.2.10",
		SPNEGO:  "1.3.6.1.5.5.2",
	} {
		if got := oid.dotted(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if OID(strings.Repeat("\x01", maxOID)).valid() != true || OID(strings.Repeat("\x01", maxOID+1)).valid() {
		t.Error("the bound on the length is another")
	}
}

// TestWords checks that the zero values say nothing, and the others their names.
func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		State(0).String():         "none",
		State(9).String():         "none",
		AcceptCompleted.String():  "accept-completed",
		AcceptIncomplete.String(): "accept-incomplete",
		Reject.String():           "reject",
		RequestMIC.String():       "request-mic",
		Kind(0).String():          "unknown token",
		Initial.String():          "SPNEGO initial token",
		Response.String():         "SPNEGO response token",
		Kerberos.String():         "raw Kerberos token",
		NTLMSSP.String():          "raw NTLM message",
		APReq.String():            "AP-REQ",
		APRep.String():            "AP-REP",
		KRBError.String():         "KRB-ERROR",
		TGTReq.String():           "TGT-REQ",
		TGTRep.String():           "TGT-REP",
		IAKERBProxy.String():      "IAKERB-PROXY",
		TokenID(0x0404).String():  "TOK_ID 0404",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
