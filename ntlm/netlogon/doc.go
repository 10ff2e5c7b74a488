// Package netlogon has an Active Directory domain verify NTLM responses: it is a
// member machine's side of the Netlogon service ([MS-NRPC]), over TCP, with nothing
// of SMB and no other program.
//
// # Channels
//
// A Verifier asks a domain controller over sealed connections that it sets up when
// they are needed, and keeps: endpoint mapper, NetrServerReqChallenge and
// NetrServerAuthenticate3 with AES, a bind with the session key, and then
// NetrLogonSamLogonEx as often as there is something to verify. A connection carries
// one call at a time; calls at the same time have one each.
//
// Each connection has a session key of its own, and none is ever written down. It
// would be quicker to share one, among connections and even processes. But the seal
// of a call says nothing of the connection it belongs to: who is in between could
// record the answer to a good logon on one connection, and give it on another to
// whoever gets the number of that call, with any password.
//
// A domain controller knows, by the name of the computer, the session key that was
// agreed on last, and connections are bound with that. Those bound before keep
// theirs. So the set-ups of all processes that use a machine account on one machine
// go one after the other, behind a lock in the folder StateDir. Machines must not
// share an account.
//
// # What is certain
//
// A logon succeeds only with an answer that is sealed with the connection's key, is
// the next in the sequence, is complete, and names a user who is no guest. Whatever
// else arrives closes the connection and is no answer.
//
// That a domain controller is one is certain only when it answers a logon: what it
// shows before, at the set-up, somebody in between may guess if he tries for long. He
// learns nothing by it, and the channel ends with its first call.
//
// A wrong password counts once at the domain controller. A logon is tried again,
// once, if the request did not leave this machine whole, if the domain controller
// said under seal that it did not look at it, or if it says without a seal, as is
// usual, that it has no such channel or has not begun with the call. The last is
// believed only of the first call of a channel. Somebody in between could still lie
// then, having closed the channels before, and make one wrong password count as two;
// on a channel that has answered he cannot. A request that got no answer is not
// repeated.
package netlogon
