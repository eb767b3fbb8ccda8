"""Verifies the DKIM signature of the message on stdin with the record given as the argument."""

import json
import sys

import dkim

record = sys.argv[1].encode()
asked = []


def look_up(name, timeout=5):
    asked.append(name.decode())
    return record


verifier = dkim.DKIM(sys.stdin.buffer.read(), minkey=2048)
try:
    valid = verifier.verify(dnsfunc=look_up)
except dkim.DKIMException as error:
    valid = False
    print(error, file=sys.stderr)
signed = verifier.signature_fields.get(b"h", b"").decode()
print(json.dumps({"valid": valid, "asked": asked, "signed": "".join(signed.split()).split(":")}))
