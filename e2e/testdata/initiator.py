"""The client's side of GSS-API handshakes, by MIT's own library.

Each line of the input is one of

    new NAME KIND mutual|-      begin; NAME is service@host
    step TOKEN                  the acceptor's answer, "-" for none
    mic MESSAGE                 sign a message
    verify MESSAGE MIC          check the acceptor's signature of a message

and each is answered by one line

    complete|continue mutual|- TOKEN            to new and step, "-" for no token
    mic MIC
    verified
    error TEXT

Messages, MICs and tokens are in base64. The kinds are

    krb5            Kerberos without SPNEGO
    ms-krb5         the same by Microsoft's number
    spnego          SPNEGO with nothing but Kerberos
    ntlm-first      SPNEGO with NTLM before Kerberos, which takes the mechanism
                    of gss-ntlmssp and its NTLM_USER_FILE
"""

import base64
import sys

import gssapi
from gssapi import RequirementFlag as Flag
from gssapi import raw

KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
MS_KRB5 = raw.OID.from_int_seq("1.2.840.48018.1.2.2")
SPNEGO = raw.OID.from_int_seq("1.3.6.1.5.5.2")
NTLM = raw.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")

MECHS = {"krb5": KRB5, "ms-krb5": MS_KRB5, "spnego": SPNEGO, "ntlm-first": SPNEGO}


def credentials(kind):
    if MECHS[kind] != SPNEGO:
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
    # With the latter two a MIC must have the right sequence number as well.
    flags = [Flag.integrity, Flag.replay_detection, Flag.out_of_sequence_detection]
    if mutual == "mutual":
        flags.append(Flag.mutual_authentication)
    return gssapi.SecurityContext(
        name=gssapi.Name(name, gssapi.NameType.hostbased_service),
        mech=MECHS[kind],
        creds=credentials(kind),
        flags=flags,
        usage="initiate",
    )


def step(context, token):
    out = context.step(token)
    state, mutual = "continue", "-"
    if context.complete:
        state = "complete"
        if Flag.mutual_authentication in context.actual_flags:
            mutual = "mutual"
    return f"{state} {mutual} {base64.b64encode(out).decode() if out else '-'}"


def ask(context, verb, words):
    octets = [None if w == "-" else base64.b64decode(w) for w in words]
    if verb == "step":
        return step(context, *octets)
    if verb == "mic":
        return "mic " + base64.b64encode(context.get_signature(*octets)).decode()
    context.verify_signature(*octets)
    return "verified"


def main():
    print("ready ntlm" if NTLM in raw.indicate_mechs() else "ready", flush=True)
    context = None
    for line in sys.stdin:
        verb, *args = line.split()
        try:
            if verb == "new":
                context = begin(*args)
                answer = step(context, None)
            else:
                answer = ask(context, verb, args)
        except (gssapi.exceptions.GSSError, NotImplementedError) as err:
            answer = "error " + " ".join(str(err).split())
        print(answer, flush=True)


main()
