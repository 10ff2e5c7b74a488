// Package spnego turns the tokens of HTTP Negotiate into values and back: the
// two messages of SPNEGO (RFC 4178 with the extensions of [MS-SPNG]) and the
// framing of Kerberos tokens (RFC 2743 section 3.1, RFC 4121 section 4.1). It
// chooses no mechanism, checks no MIC and holds no state.
//
// What a client sends is bytes of a stranger's choosing. All encodings are DER,
// in the order of the standard, whole, and with nothing behind; what parses,
// encodes to the same bytes again, save for the repeated token named below.
// Nothing that grows is allocated but the list of mechanisms, and that is bounded.
// Byte slices of a parsed value point into the token.
//
// What the acceptors of MIT krb5 (1.23, src/lib/gssapi/spnego/spnego_mech.c),
// Samba (libcli/auth/spnego_parse.c) and Heimdal (lib/gssapi/spnego/spnego.asn1)
// tolerate beyond RFC 4178, and what is done here:
//
//	negState absent in the client's later legs: accepted, as all three do;
//	  clients of Windows (so Heimdal's source) and of SMB on Linux (a vector)
//	  leave it out, MIT's (1.20) sends it
//	reqFlags of up to 32 bits: accepted and ignored, as Samba does; OpenJDK 17
//	  sends seven bits, RFC 4178 says 32, MIT takes seven only
//	negHints in an initiator's token: accepted and ignored, as Samba does; MIT
//	  and Heimdal refuse; Windows, Samba and MIT acceptors send them
//	mechListMIC in [4] without negHints in [3]: refused, as Samba does; MIT and
//	  Heimdal pass over it; no sender is known
//	mechListMIC that repeats the responseToken: read as absent, as MIT does;
//	  Windows 2000 sends that
//	1.2.840.48018.1.2.2 for Kerberos: a mechanism of its own name, see MSKRB5
//	lengths with more octets than needed: refused; MIT takes them, but no
//	  initiator is known to write them: the vectors of MIT 1.20, OpenJDK 17,
//	  Windows and Samba are DER
//	fields in any order, twice or unknown: refused; Samba takes the last of two,
//	  MIT passes over what is out of order and what it does not know
//	bytes behind the token: refused; MIT passes over them
//	a NegTokenResp with the framing of an initial token: refused; MIT takes it
//	  from an old Solaris; RFC 2743 section 3.1 frames the first token only
//	tokens in fragments, [MS-SPNG] 3.1.5.9: refused; HTTP needs none
//	a NegTokenResp without its SEQUENCE: refused; MIT takes it, no sender is known
package spnego
