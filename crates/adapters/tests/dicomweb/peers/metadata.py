"""Compares metadata with pydicom's JSON of the same instances: tags, VRs and values."""

import json
import sys
import urllib.request
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_files

URL = sys.argv[1]
# What is ours to say, or each may say as it likes.
OWN = {"00083002", "00080005"}


def store(path):
    request = urllib.request.Request(
        f"{URL}/studies", data=Path(path).read_bytes(), headers={"Content-Type": "application/dicom"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def number(value):
    """Numbers of 32 bits have many spellings; spaces at the end mean nothing, nor is there an empty value."""
    try:
        return float(f"{float(value):.6g}")
    except (TypeError, ValueError):
        return (value or "").strip() or None


def same(ours, theirs, place, wrong):
    for tag in sorted((set(ours) | set(theirs)) - OWN):
        if tag.endswith("0000"):
            continue
        a, b = ours.get(tag), theirs.get(tag)
        if a is None or b is None:
            wrong.append(f"{place}{tag}: only one has it")
            continue
        if tag == "7FE00010":
            if "BulkDataURI" not in a:
                wrong.append(f"{place}{tag}: no URI")
            continue
        if a["vr"] != b["vr"] and "UN" not in (a["vr"], b["vr"]):
            wrong.append(f"{place}{tag}: {a['vr']} and {b['vr']}")
            continue
        if "BulkDataURI" in a or "UN" in (a["vr"], b["vr"]) or "InlineBinary" in b:
            continue
        left, right = a.get("Value", []), b.get("Value", [])
        if a["vr"] == "SQ":
            if len(left) != len(right):
                wrong.append(f"{place}{tag}: items")
            for one, other in zip(left, right):
                same(one, other, f"{place}{tag}.", wrong)
        elif a["vr"] == "PN":
            strip = lambda one: {k: v.rstrip("^ ") for k, v in (one or {}).items() if v}
            if [strip(one) for one in left] != [strip(one) for one in right]:
                wrong.append(f"{place}{tag}: names")
        elif [number(one) for one in left] != [number(one) for one in right]:
            wrong.append(f"{place}{tag}: values")


compared, faults = 0, []
for path in sorted(get_testdata_files("*.dcm")):
    try:
        theirs = pydicom.dcmread(path)
        place = (theirs.StudyInstanceUID, theirs.SeriesInstanceUID, theirs.SOPInstanceUID)
        theirs.remove_private_tags()
        model = json.loads(theirs.to_json(bulk_data_threshold=1024, bulk_data_element_handler=lambda _: "x"))
    except Exception:
        continue
    if not all(place) or store(path) != 200:
        continue
    url = f"{URL}/studies/{place[0]}/series/{place[1]}/instances/{place[2]}/metadata"
    with urllib.request.urlopen(url) as answer:
        ours = json.load(answer)[0]
    private = lambda tag: int(tag[:4], 16) % 2 == 1
    ours = {tag: value for tag, value in ours.items() if not private(tag)}

    def without_private(one):
        for value in one.values():
            if value.get("vr") == "SQ":
                value["Value"] = [
                    without_private({t: v for t, v in item.items() if not private(t)})
                    for item in value.get("Value", [])
                ]
        return one

    wrong = []
    same(without_private(ours), model, "", wrong)
    compared += 1
    faults.extend(f"{Path(path).name}: {one}" for one in wrong)

assert not faults, "\n".join(faults)
print(compared, "compared")
