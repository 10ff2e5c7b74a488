// Package radius checks passwords with RADIUS servers (RFC 2865), by PAP. It takes the
// place of Squid's basic_radius_auth.
//
// # What is believed
//
// An answer counts only if it comes from the address that was asked, over a socket
// that has one request in flight, has that request's identifier, a Response
// Authenticator made with the shared secret, and a Message-Authenticator (RFC 3579
// section 3.2). Without the last, somebody between the helper and the server can turn a
// refusal into a login (CVE-2024-3596). Anything else is ignored, as RFC 2865 wants it:
// the true answer may be on its way.
//
// Config.PermitUnsigned is for servers that are too old to send one. It accepts answers
// without it from a server that never sent one, and none that hold a Proxy-State: we
// send none, so no server has one to return, and the known attack needs it.
//
// # One login, one request
//
// A request is sent again, byte for byte, when it got no answer: servers know it again
// by its identifier and authenticator (RFC 5080 section 2.2.2) and count a wrong
// password once. A server that stays silent may have counted it all the same when the
// next one is asked.
package radius
