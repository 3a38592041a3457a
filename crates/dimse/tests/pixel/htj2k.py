"""Decodes HTJ2K with OpenJPEG, for the tests beside this file.

Usage: htj2k.py <folder>. Writes <number>.openjpeg beside every <number>.j2c, samples by pixel, little endian; what
does not decode is left out and told.
"""

import glob
import os
import sys

import numpy as np
from openjpeg import decode

for path in glob.glob(os.path.join(sys.argv[1], "*.j2c")):
    try:
        samples = np.asarray(decode(path))
    except Exception as error:
        print(path, error, file=sys.stderr)
        continue
    with open(path[:-3] + "openjpeg", "wb") as file:
        file.write(np.ascontiguousarray(samples).astype(samples.dtype.newbyteorder("<")).tobytes())
