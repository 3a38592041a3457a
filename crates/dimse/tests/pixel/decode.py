"""Decodes what the tests beside this file encoded, with pydicom's decoders and DCMTK's tools, and compares.

Usage: decode.py <folder>, with <folder>/encoded.bin: records of transfer syntax, photometric interpretation, eight numbers
of 16 bits (rows, columns, samples, bits allocated, bits stored, pixel representation, 0, 0), coded frame, samples.
Writes a line for each difference, and the tools that are not there.
"""

import os
import shutil
import struct
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

TOOLS = {"1.2.840.10008.1.2.4.70": "dcmdjpeg", "1.2.840.10008.1.2.4.80": "dcmdjpls", "1.2.840.10008.1.2.5": "dcmdrle"}


def records(data):
    at = 0

    def block():
        nonlocal at
        length = struct.unpack_from("<I", data, at)[0]
        at += 4 + length
        return data[at - length : at]

    while at < len(data):
        uid, photometric, numbers = block().decode(), block().decode(), struct.unpack("<8H", block())
        yield uid, photometric, numbers, block(), block()


def dataset(uid, photometric, numbers, frame):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid
    ds.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation = numbers[:6]
    ds.HighBit = ds.BitsStored - 1
    ds.PhotometricInterpretation = photometric
    if ds.SamplesPerPixel > 1:
        ds.PlanarConfiguration = 0
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].is_undefined_length = True
    return ds


def main(folder):
    with open(os.path.join(folder, "encoded.bin"), "rb") as file:
        data = file.read()
    absent = {tool for tool in TOOLS.values() if not shutil.which(tool)}
    for number, (uid, photometric, numbers, frame, expected) in enumerate(records(data)):
        name = "record %d: %s %s %s" % (number, uid, photometric, numbers)
        ds = dataset(uid, photometric, numbers, frame)
        try:
            array, _ = get_decoder(uid).as_array(ds, index=0, raw=True)
            if array.tobytes() != expected:
                print("pydicom differs:", name)
        except Exception as error:
            print("pydicom fails:", name, error)
        tool = TOOLS[uid]
        if tool in absent:
            continue
        coded, decoded = os.path.join(folder, "coded.dcm"), os.path.join(folder, "decoded.dcm")
        ds.save_as(coded, enforce_file_format=True)
        run = subprocess.run([tool, coded, decoded], capture_output=True, text=True)
        if run.returncode != 0:
            print(tool, "fails:", name, run.stderr.strip().splitlines()[-1:])
            continue
        ds = pydicom.dcmread(decoded)
        value = ds.PixelData
        if ds.get("PlanarConfiguration") == 1:
            import numpy as np

            planes = np.frombuffer(value[: len(expected)], dtype="u%d" % (numbers[3] // 8)).reshape(numbers[2], -1)
            value = planes.T.tobytes()
        if value[: len(expected)] != expected:
            print(tool, "differs:", name)
    for tool in sorted(absent):
        print("absent:", tool)


main(sys.argv[1])
