"""Compares our JSON with pydicom's, for each pair of files named in the lines of a list: file, tab, our JSON.

Prints every difference, and a last line with the number of values that were compared.
"""

import base64
import json
import math
import sys
import warnings

import pydicom

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

BINARY = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")
compared = 0


def same(ours, theirs):
    if isinstance(theirs, float) or isinstance(ours, float):
        if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
            return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-40) or (math.isnan(ours) and math.isnan(theirs))
        return isinstance(ours, str) and str(theirs).lower() == ours.lower()
    if isinstance(theirs, dict) and isinstance(ours, dict):
        # Trailing spaces mean nothing; empty groups are left out by both.
        strip = lambda name: {key: value.rstrip(" \0") for key, value in name.items() if value.strip(" \0")}
        return strip(ours) == strip(theirs)
    if isinstance(theirs, str) and isinstance(ours, str):
        return ours.strip(" \0") == theirs.strip(" \0")
    if theirs in (None, "") and ours in (None, ""):
        return True
    return ours == theirs


def compare(ours, theirs, where, vrs):
    global compared
    for tag, their in theirs.items():
        here = f"{where}{tag}"
        if tag.endswith("0000") or tag in ("00080005", "7FE00010"):
            continue
        our = ours.get(tag)
        if our is None:
            print(f"{here} is missing")
            continue
        their_vr, our_vr = their["vr"], our["vr"]
        if our_vr == "UN" and their_vr != "UN" and int(tag[3], 16) % 2 == 1:
            continue  # pydicom knows more private creators
        if their_vr == "UN" and our_vr != "UN":
            continue
        if their_vr == "SQ":
            our_items, their_items = our.get("Value", []), their.get("Value", [])
            if len(our_items) != len(their_items):
                print(f"{here}: {len(their_items)} items, ours {len(our_items)}")
            for index, (one, other) in enumerate(zip(our_items, their_items)):
                compare(one, other, f"{here}[{index}].", vrs)
            continue
        if their_vr != our_vr and not {their_vr, our_vr} <= {"OB", "OW", "US", "SS"}:
            print(f"{here}: {their_vr}, ours {our_vr}")
            continue
        if "InlineBinary" in their or "InlineBinary" in our:
            if their_vr != our_vr:
                continue
            their_bytes = base64.b64decode(their.get("InlineBinary", ""))
            our_bytes = base64.b64decode(our.get("InlineBinary", ""))
            compared += 1
            if our_bytes != their_bytes and vrs == "little":
                print(f"{here}: {len(their_bytes)} bytes, ours {len(our_bytes)}")
            continue
        our_values, their_values = our.get("Value", []), their.get("Value", [])
        their_values = [] if all(value in (None, "", {}) for value in their_values) else their_values
        our_values = [] if all(value in (None, "", {}) for value in our_values) else our_values
        compared += 1
        if len(our_values) != len(their_values) or not all(map(same, our_values, their_values)):
            print(f"{here} {their_vr}: {their_values!r:.120}, ours {our_values!r:.120}")
    for tag in ours.keys() - theirs.keys():
        print(f"{where}{tag} is only ours")


for line in open(sys.argv[1], encoding="utf-8"):
    path, name = line.rstrip("\n").split("\t")
    print(f"F {path}")
    text = open(name, encoding="utf-8").read()
    ours = json.loads(text)
    try:
        data_set = pydicom.dcmread(path, force=True)
        data_set.decode()
        theirs = data_set.to_json_dict(suppress_invalid_tags=False)
    except Exception as error:
        print(f"X {type(error).__name__}: {error}", file=sys.stderr)
        continue
    syntax = data_set.file_meta.get("TransferSyntaxUID", "")
    compare(ours, theirs, "", "big" if syntax == "1.2.840.10008.1.2.2" else "little")
    pydicom.Dataset.from_json(text)
print(f"C {compared}")
