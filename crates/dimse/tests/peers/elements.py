"""Prints every element of every file of pydicom's test data as pydicom reads it: one line each.

F <path>                      a file begins
E <path of tags> <VR> <length> <CRC-32 of the value, numbers little endian>
S <path of tags> <number of items>
P <path of tags> <number of fragments> <CRC-32 of all fragments>
X                             pydicom could not read the file
"""

import io
import os
import sys
import warnings
import zlib

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.encaps import generate_fragments, parse_basic_offsets

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

WORD = {"AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4, "FD": 8, "OD": 8,
        "OV": 8, "SV": 8, "UV": 8}


NO_DICOM = (".py", ".pyc", ".txt", ".zip", ".json", ".gz", ".icc", ".dump")


def little(raw, value):
    word = WORD.get(raw.VR or "", 1)
    if raw.is_little_endian or word == 1:
        return value
    count = len(value) // word
    turned = b"".join(value[i * word:(i + 1) * word][::-1] for i in range(count))
    return turned + value[count * word:]


def walk(data_set, where):
    for tag in sorted(data_set._dict.keys()):
        here = f"{where}{tag:08X}"
        raw = data_set._dict[tag]
        if isinstance(raw, RawDataElement):
            vr = raw.VR or "--"
            is_sequence = vr == "SQ" or (vr in ("UN", "--") and data_set[tag].VR == "SQ")
            if not is_sequence:
                value = raw.value or b""
                if tag == 0x7FE00010 and raw.length == 0xFFFFFFFF:
                    buffer = io.BytesIO(value)
                    parse_basic_offsets(buffer)
                    fragments = list(generate_fragments(buffer))
                    digest = zlib.crc32(b"".join(fragments))
                    print(f"P {here} {len(fragments)} {digest}")
                else:
                    value = little(raw, value)
                    print(f"E {here} {vr} {len(value)} {zlib.crc32(value)}")
                continue
        element = data_set[tag]
        if element.VR == "SQ":
            items = element.value or []
            print(f"S {here} {len(items)}")
            for index, item in enumerate(items):
                walk(item, f"{here}[{index}].")
        else:
            print(f"? {here} {element.VR}")


def main(folders):
    for folder in folders:
        for root, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(root, name)
                if name == "README" or name.endswith(NO_DICOM):
                    continue
                print(f"F {path}")
                try:
                    data_set = pydicom.dcmread(path, force=True)
                    print(f"T {data_set.file_meta.get('TransferSyntaxUID', '-')}")
                    walk(data_set, "")
                except Exception as error:
                    print(f"X {type(error).__name__}")


main(sys.argv[1:])
