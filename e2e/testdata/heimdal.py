"""The client's side of GSS-API handshakes, by Heimdal's library.

Input and output are those of initiator.py, with the kinds krb5 and spnego. Python
has no module for Heimdal: this calls RFC 2744's functions in the library itself.
"""

import base64
import ctypes
import sys
from ctypes import byref

gss = ctypes.CDLL("libgssapi.so.3")  # MIT's library has another name


class OID(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("elements", ctypes.c_char_p)]


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]


def oid(octets):
    octets = bytes.fromhex(octets)
    return OID(len(octets), octets)


HOSTBASED = oid("2a 86 48 86 f7 12 01 02 01 04")  # 1.2.840.113554.1.2.1.4
KRB5 = oid("2a 86 48 86 f7 12 01 02 02")  # 1.2.840.113554.1.2.2
SPNEGO = oid("2b 06 01 05 05 02")  # 1.3.6.1.5.5.2

MECHS = {"krb5": KRB5, "spnego": SPNEGO}

MUTUAL, REPLAY, SEQUENCE, INTEGRITY = 2, 4, 8, 32
CONTINUE_NEEDED = 1  # of a major status; every other bit of it is a complaint
BY_GSS, BY_MECH = 1, 2


class Error(Exception):
    pass


def call(function, *args):
    """Call a function whose first argument is the minor status."""
    minor = ctypes.c_uint32()
    major = ctypes.c_uint32(function(byref(minor), *args)).value
    if major & ~CONTINUE_NEEDED:
        raise Error(f"{describe(major, BY_GSS)}: {describe(minor.value, BY_MECH)}")
    return major


def describe(status, by):
    minor, more, text = ctypes.c_uint32(), ctypes.c_uint32(), Buffer()
    gss.gss_display_status(
        byref(minor), ctypes.c_uint32(status), by, byref(KRB5), byref(more), byref(text)
    )
    return taken(text).decode(errors="replace")


def given(octets):
    buffer = Buffer(len(octets), ctypes.cast(octets, ctypes.c_void_p))
    buffer.octets = octets  # or Python might free them meanwhile
    return buffer


def taken(buffer):
    """Return what is in a buffer of the library's, and give it back."""
    octets = ctypes.string_at(buffer.value, buffer.length) if buffer.length else b""
    gss.gss_release_buffer(byref(ctypes.c_uint32()), byref(buffer))
    return octets


class Context:
    """A security context. It is never freed: few are needed."""

    def __init__(self, name, kind, mutual):
        self.handle, self.name = ctypes.c_void_p(), ctypes.c_void_p()
        self.mech = MECHS[kind]
        # Without an AP-REP, Heimdal 7.8 does not know what sequence number the
        # acceptor begins with.
        self.flags = INTEGRITY | REPLAY | (MUTUAL | SEQUENCE if mutual == "mutual" else 0)
        call(gss.gss_import_name, byref(given(name.encode())), byref(HOSTBASED), byref(self.name))

    def step(self, token):
        out, flags = Buffer(), ctypes.c_uint32()
        major = call(
            gss.gss_init_sec_context,
            None,  # the default credentials
            byref(self.handle),
            self.name,
            byref(self.mech),
            ctypes.c_uint32(self.flags),
            ctypes.c_uint32(0),  # the default lifetime
            None,  # no channel bindings
            byref(given(token)),
            None,  # the mechanism is known
            byref(out),
            byref(flags),
            None,  # nobody asks for how long
        )
        state, mutual = "continue", "-"
        if not major & CONTINUE_NEEDED:
            state = "complete"
            if flags.value & MUTUAL:
                mutual = "mutual"
        return f"{state} {mutual} {base64.b64encode(taken(out)).decode() or '-'}"

    def mic(self, message):
        out = Buffer()
        call(gss.gss_get_mic, self.handle, ctypes.c_uint32(0), byref(given(message)), byref(out))
        return "mic " + base64.b64encode(taken(out)).decode()

    def verify(self, message, mic):
        call(gss.gss_verify_mic, self.handle, byref(given(message)), byref(given(mic)), None)
        return "verified"


def main():
    print("ready", flush=True)
    context = None
    for line in sys.stdin:
        verb, *args = line.split()
        try:
            if verb == "new":
                context = Context(*args)
                answer = context.step(b"")
            else:
                octets = [b"" if a == "-" else base64.b64decode(a) for a in args]
                answer = getattr(context, verb)(*octets)
        except Error as err:
            answer = "error " + " ".join(str(err).split())
        print(answer, flush=True)


main()
