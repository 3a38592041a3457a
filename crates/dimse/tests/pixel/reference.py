"""Writes what pydicom reads and its decoders decode, for the tests beside this file.

Usage: reference.py <folder> [<more>]. One record for each image file of pydicom's test data, or of the folder <more>,
to <folder>/references.bin.
Numbers are little endian; every block of bytes has its length of 32 bits before it.
"""

import importlib.util
import os
import shutil
import struct
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")

import numpy as np
import pydicom
from pydicom.encaps import parse_basic_offsets, generate_fragments
from pydicom.pixels import get_decoder

JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
J2K = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}


def block(out, data):
    out.write(struct.pack("<I", len(data)))
    out.write(data)


def element_bytes(element, ds):
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_data_element

    stream = DicomBytesIO()
    stream.is_little_endian = True
    stream.is_implicit_VR = True
    write_data_element(stream, element, ["iso8859"])
    return stream.getvalue()[8:]


def write_set(out, ds, top):
    wanted = []
    for element in ds:
        group = element.tag.group
        if top and not (group == 0x0028 or 0x6000 <= group < 0x6100 or group == 0x7FE0):
            continue
        if element.tag in (0x7FE00008, 0x7FE00009, 0x7FE00010):
            continue
        wanted.append(element)
    out.write(struct.pack("<I", len(wanted)))
    for element in wanted:
        vr = element.VR if len(element.VR) == 2 else "US"
        out.write(struct.pack("<HH", element.tag.group, element.tag.element))
        out.write(vr.encode())
        if vr == "SQ":
            out.write(struct.pack("<I", len(element.value)))
            for item in element.value:
                write_set(out, item, False)
        else:
            block(out, element_bytes(element, ds))


def native(ds, raw):
    """Pixel bytes as the data set of the crate has them: little endian, words of 16 bits swapped."""
    if ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.2" and ds["PixelData"].VR == "OW":
        data = np.frombuffer(raw[: len(raw) // 2 * 2], dtype=">u2").astype("<u2").tobytes()
        return data
    return raw


def dcmtk(path):
    """What DCMTK's decoder gives: pylibjpeg has none for DCT of 12 bits."""
    decoded = path_of_decoded[0]
    subprocess.run(["dcmdjpeg", path, decoded], check=True, capture_output=True)
    ds = pydicom.dcmread(decoded)
    return [ds["PixelData"].value], str(ds.PhotometricInterpretation)


path_of_decoded = [""]


def shown(ds, path, encapsulated):
    """The first frame as DCMTK shows it, in a PNM file: by the file's first window or table, or in its colours."""
    if encapsulated or not shutil.which("dcm2pnm"):
        return b""
    if "WindowCenter" in ds:
        way = ["+Wi", "1"]
    elif "VOILUTSequence" in ds:
        way = ["+Wl", "1"]
    elif str(ds.get("PhotometricInterpretation", "")).startswith("MONO"):
        return b""
    else:
        way = []
    run = subprocess.run(["dcm2pnm", "-O", *way, path, path_of_decoded[0]], capture_output=True)
    if run.returncode != 0:
        return b""
    with open(path_of_decoded[0], "rb") as file:
        return file.read()


def reference(ds, uid):
    decoder = get_decoder(uid)
    raw = uid not in JPEG and uid not in J2K
    frames, photometric = [], ""
    count = int(ds.get("NumberOfFrames", 1) or 1)
    for index in range(min(count, 3)):
        array, meta = decoder.as_array(ds, index=index, raw=raw)
        photometric = str(meta["photometric_interpretation"])
        frames.append(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return frames, photometric


def files(more):
    # Not by pydicom's own search, which would load what is absent.
    folders = [more] if more else [os.path.join(os.path.dirname(pydicom.__file__), "data", "test_files")]
    data_store = None if more else importlib.util.find_spec("data_store")
    if data_store:
        folders += [os.path.join(place, "data") for place in data_store.submodule_search_locations]
    return [os.path.join(root, name) for folder in folders for root, _, names in os.walk(folder) for name in names]


def main(folder, more):
    path_of_decoded[0] = os.path.join(folder, "decoded.dcm")
    with open(os.path.join(folder, "references.bin"), "wb") as out:
        for path in sorted(set(files(more))):
            if not os.path.isfile(path):
                continue
            try:
                ds = pydicom.dcmread(path, force=True)
                uid = str(ds.file_meta.TransferSyntaxUID)
                if "PixelData" not in ds or "Rows" not in ds:
                    continue
                pixels = ds["PixelData"].value
                encapsulated = ds.file_meta.TransferSyntaxUID.is_encapsulated
            except Exception:
                continue
            # Large ones take long, and show nothing that small ones don't.
            if not more and len(pixels) > (1 << 20 if encapsulated else 1 << 19):
                continue
            fault, frames, photometric = "", [], ""
            try:
                frames, photometric = reference(ds, uid)
            except Exception as error:
                try:
                    frames, photometric = dcmtk(path) if uid in JPEG else reference(ds, uid)
                except Exception:
                    fault = type(error).__name__
            try:
                if encapsulated:
                    offsets = struct.pack("<%dI" % len(parse_basic_offsets(pixels)), *parse_basic_offsets(pixels))
                    skip = 8 + struct.unpack("<I", pixels[4:8])[0]
                    fragments = list(generate_fragments(pixels[skip:]))
            except Exception:
                continue
            block(out, os.path.basename(path).encode())
            block(out, uid.encode())
            write_set(out, ds, True)
            if encapsulated:
                out.write(struct.pack("<I", len(fragments) + 1))
                block(out, offsets)
                for fragment in fragments:
                    block(out, fragment)
            else:
                out.write(struct.pack("<I", 0))
                block(out, native(ds, pixels))
            block(out, fault.encode())
            block(out, photometric.encode())
            out.write(struct.pack("<I", len(frames)))
            for frame in frames:
                block(out, frame)
            block(out, shown(ds, path, encapsulated))


main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
