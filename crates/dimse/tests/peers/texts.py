"""Prints the decoded text of every file that pydicom has for its own tests, UTF-8 as hexadecimal digits.

F <path>
T <path of tags> <VR> <text of all values, joined by backslashes>
"""

import os
import sys
import warnings

import pydicom
from pydicom.multival import MultiValue

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

TEXT = ("PN", "LO", "SH", "LT", "ST", "UT", "UC")
NO_DICOM = (".py", ".pyc", ".txt", ".zip", ".json", ".gz", ".icc", ".dump")


def walk(data_set, where):
    for element in data_set:
        here = f"{where}{element.tag:08X}"
        if element.VR == "SQ":
            for index, item in enumerate(element.value or []):
                walk(item, f"{here}[{index}].")
        elif element.VR in TEXT and element.value:
            several = isinstance(element.value, MultiValue)
            values = [str(value) for value in element.value] if several else [str(element.value)]
            text = "\\".join(value.strip(" \0") for value in values)
            print(f"T {here} {element.VR} {text.encode('utf-8', 'surrogatepass').hex()}")


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
                    data_set.decode()
                    walk(data_set, "")
                except Exception as error:
                    print(f"X {type(error).__name__} {error}")


main(sys.argv[1:])
