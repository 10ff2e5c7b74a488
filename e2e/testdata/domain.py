"""Makes an Active Directory domain by Samba's own libraries, without a server.

The input is an order, the output the identities that came of it, both in JSON;
see ad_provision.go.
"""

import base64
import json
import logging
import sys

import ldb
from samba import dckeytab  # noqa: F401  adds export_keytab to Net
from samba.auth import system_session
from samba.dcerpc import security
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.ndr import ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.provision import provision
from samba.samdb import SamDB

# Only with this control a password can have been set in the past.
KEEP_PWD_LAST_SET = "local_oid:1.3.6.1.4.1.7165.4.3.20:0"


def make(order, lp):
    provision(
        logging.getLogger(),
        system_session(),
        smbconf=order["config"],
        lp=lp,
        realm=order["realm"],
        domain=order["domain"],
        hostname=order["host"],
        hostip=order["address"],
        serverrole="active directory domain controller",
        adminpass=order["administrator"],
        dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
        dns_backend="SAMBA_INTERNAL",
        backend_store="tdb",
        plaintext_secrets=True,
        batch_mode=True,
    )


def add(db, entry):
    name = entry["name"]
    message = dict(entry["attributes"], dn=dn(db, name), sAMAccountName=name)
    if "password" in entry:
        message["unicodePwd"] = f'"{entry["password"]}"'.encode("utf-16-le")
    if "members" in entry:
        message["member"] = [dn(db, member) for member in entry["members"]]
    controls = [KEEP_PWD_LAST_SET] if message.get("pwdLastSet", "0") != "0" else []
    db.add(message, controls)


def count_failures(db):
    """Has the controller count wrong passwords, which it does where it locks out."""
    message = ldb.Message(ldb.Dn(db, db.domain_dn()))
    message["lockoutThreshold"] = ldb.MessageElement("1000", ldb.FLAG_MOD_REPLACE, "lockoutThreshold")
    db.modify(message)


def dn(db, name):
    return f"CN={name},CN=Users,{db.domain_dn()}"


def read(db, name, attribute):
    found = db.search(dn(db, name), scope=ldb.SCOPE_BASE, attrs=[attribute])[0]
    return [bytes(value) for value in found.get(attribute, [])]


def text(binary):
    return str(ndr_unpack(security.dom_sid, binary))


def sid(binary):
    return {"text": text(binary), "base64": base64.b64encode(binary).decode()}


def main():
    order = json.load(sys.stdin.buffer)
    lp = LoadParm()
    lp.load(order["config"])
    make(order, lp)

    db = SamDB(lp.private_path("sam.ldb"), session_info=system_session(), lp=lp)
    db.transaction_start()
    count_failures(db)
    for entry in order["entries"]:
        add(db, entry)
    db.transaction_commit()

    net = Net(None, lp)
    for principal, path in order["keytabs"].items():
        net.export_keytab(keytab=path, principal=principal)

    names = [entry["name"] for entry in order["entries"]]
    users = [entry["name"] for entry in order["entries"] if "password" in entry]
    domain = db.search(db.domain_dn(), scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]
    json.dump(
        {
            "domain": sid(bytes(domain["objectSid"][0])),
            "sids": {name: sid(read(db, name, "objectSid")[0]) for name in names},
            "groups": {name: [text(b) for b in read(db, name, "tokenGroups")] for name in users},
        },
        sys.stdout,
    )


main()
