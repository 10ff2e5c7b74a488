"""The client's side of GSS-API handshakes, by MIT's own library.

Each line of the input is one of

    new NAME krb5|spnego|ntlm-first mutual|-    begin; NAME is service@host
    step TOKEN                                  the acceptor's answer, "-" for none

and each is answered by one line

    complete|continue mutual|- TOKEN            "-" for no token
    error TEXT

Tokens are in base64. With ntlm-first the client offers SPNEGO with NTLM before
Kerberos, which takes the mechanism of gss-ntlmssp and its NTLM_USER_FILE.
"""

import base64
import sys

import gssapi
from gssapi import raw

KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = raw.OID.from_int_seq("1.3.6.1.5.5.2")
NTLM = raw.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")


def credentials(kind):
    if kind == "krb5":
        return None
    # Without a list of its own SPNEGO would offer every mechanism there is.
    if kind == "spnego":
        acquired = raw.acquire_cred(None, mechs=[KRB5, SPNEGO], usage="initiate")
        raw.set_neg_mechs(acquired.creds, [KRB5])
        return gssapi.Credentials(base=acquired.creds)
    creds = raw.acquire_cred(None, mechs=[KRB5, NTLM, SPNEGO], usage="initiate").creds
    raw.set_neg_mechs(creds, [NTLM, KRB5])
    return gssapi.Credentials(base=creds)


def begin(name, kind, mutual):
    flags = [gssapi.RequirementFlag.integrity]
    if mutual == "mutual":
        flags.append(gssapi.RequirementFlag.mutual_authentication)
    return gssapi.SecurityContext(
        name=gssapi.Name(name, gssapi.NameType.hostbased_service),
        mech=KRB5 if kind == "krb5" else SPNEGO,
        creds=credentials(kind),
        flags=flags,
        usage="initiate",
    )


def step(context, token):
    out = context.step(token)
    state, mutual = "continue", "-"
    if context.complete:
        state = "complete"
        if gssapi.RequirementFlag.mutual_authentication in context.actual_flags:
            mutual = "mutual"
    return f"{state} {mutual} {base64.b64encode(out).decode() if out else '-'}"


def main():
    if NTLM in raw.indicate_mechs():
        print("ready ntlm", flush=True)
    else:
        print("ready", flush=True)
    context = None
    for line in sys.stdin:
        verb, *args = line.split()
        try:
            if verb == "new":
                context = begin(*args)
                answer = step(context, None)
            else:
                answer = step(context, None if args[0] == "-" else base64.b64decode(args[0]))
        except (gssapi.exceptions.GSSError, NotImplementedError) as err:
            answer = "error " + " ".join(str(err).split())
        print(answer, flush=True)


main()
