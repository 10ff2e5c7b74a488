"""Stores authenticators in a replay cache by MIT's own library.

Arguments: the name of the cache. Input: lines of a time, an encryption type and
a ciphertext in hex. Output: a line "new" or "replay" for each.
"""

import ctypes
import sys

REPEAT = -1765328350  # KRB5KRB_AP_ERR_REPEAT


class Data(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int32), ("length", ctypes.c_uint), ("data", ctypes.c_char_p)]


class EncData(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int32), ("enctype", ctypes.c_int32), ("kvno", ctypes.c_uint), ("ciphertext", Data)]


def main():
    try:
        krb5 = ctypes.CDLL("libkrb5.so.3")
        resolve, store = krb5.k5_rc_resolve, krb5.k5_rc_store
    except (OSError, AttributeError) as err:
        print("missing", err, flush=True)
        return
    context, cache = ctypes.c_void_p(), ctypes.c_void_p()
    if krb5.krb5_init_context(ctypes.byref(context)):
        sys.exit("krb5_init_context")
    if resolve(context, sys.argv[1].encode(), ctypes.byref(cache)):
        sys.exit("k5_rc_resolve")
    print("ready", flush=True)
    for line in sys.stdin:
        now, enctype, text = line.split()
        krb5.krb5_set_debugging_time(context, ctypes.c_int32(int(now)), ctypes.c_int32(0))
        cipher = bytes.fromhex(text)
        enc = EncData(0, int(enctype), 0, Data(0, len(cipher), cipher))
        code = store(context, cache, ctypes.byref(enc))
        print({0: "new", REPEAT: "replay"}.get(code, code), flush=True)


main()
