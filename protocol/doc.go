// Package protocol turns the lines that Squid and its authentication helpers
// exchange into values and back. It does no I/O beyond a bounded line reader.
//
// A request is one line that ends in LF:
//
//	[channel-ID SP] user SP password [SP key_extras…]     Basic
//	YR|KK [SP token [SP key_extras…]]                     NTLM, Negotiate
//
// A reply is one line as well, here in the modern dialect (Squid 3.4 and later):
//
//	[channel-ID SP] OK [key=value…]      authenticated
//	[channel-ID SP] ERR [text]           refused
//	[channel-ID SP] BH [message="…"]     the helper could not tell
//	TT token                             the handshake goes on
//
// The rules are those of Squid's own source: src/auth/basic/UserRequest.cc,
// src/auth/ntlm/UserRequest.cc and src/auth/negotiate/UserRequest.cc for what is
// sent, src/helper.cc and src/helper/Reply.cc for what is understood.
package protocol
