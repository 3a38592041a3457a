"""Stores, searches, retrieves and deletes with dicomweb-client."""

import io
import sys

import numpy
import pydicom
from dicomweb_client.api import DICOMwebClient
from pydicom.data import get_testdata_file

client = DICOMwebClient(url=sys.argv[1])

names = ["CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "SC_rgb_rle.dcm", "rtplan.dcm"]
sets = [pydicom.dcmread(get_testdata_file(name)) for name in names]
response = client.store_instances(sets)
assert len(response.ReferencedSOPSequence) == len(names), response
assert "FailedSOPSequence" not in response, response

found = client.search_for_studies(search_filters={"PatientID": sets[0].PatientID}, fields=["StudyDescription"])
assert len(found) == 1 and found[0]["0020000D"]["Value"] == [sets[0].StudyInstanceUID], found
assert len(client.search_for_studies(limit=2)) == 2
assert len(client.search_for_series(sets[1].StudyInstanceUID)) == 1
assert len(client.search_for_instances(sets[1].StudyInstanceUID)) == 1
assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []
assert len(client.search_for_studies(get_remaining=True, limit=1)) == 6

for one in sets:
    place = (one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID)
    again = client.retrieve_instance(*place, media_types=(("application/dicom", "*"),))
    assert again == one, one.SOPInstanceUID
    assert len(client.retrieve_study_metadata(place[0])) == 1
    assert len(client.retrieve_series_metadata(*place[:2])) == 1
    metadata = client.retrieve_instance_metadata(*place)
    assert metadata["00080018"]["Value"] == [one.SOPInstanceUID]
    assert len(client.retrieve_series(*place[:2])) == 1
    assert len(list(client.iter_study(place[0]))) == 1

ct = sets[0]
place = (ct.StudyInstanceUID, ct.SeriesInstanceUID, ct.SOPInstanceUID)
frames = client.retrieve_instance_frames(*place, frame_numbers=[1])
assert frames == [ct.PixelData]
frames = client.retrieve_instance_frames("1.1", "1.1.2", "1.1.2.1", frame_numbers=[4, 2])
assert len(frames) == 2 and all(len(frame) == 8192 for frame in frames) and frames[0] != frames[1]
j2k = sets[2]
coded = client.retrieve_instance_frames(
    j2k.StudyInstanceUID, j2k.SeriesInstanceUID, j2k.SOPInstanceUID, frame_numbers=[1],
    media_types=(("image/jp2", j2k.file_meta.TransferSyntaxUID),),
)
assert coded[0][:4] == b"\xff\x4f\xff\x51"
decoded = client.retrieve_instance_frames(
    j2k.StudyInstanceUID, j2k.SeriesInstanceUID, j2k.SOPInstanceUID, frame_numbers=[1],
    media_types=(("application/octet-stream", "1.2.840.10008.1.2.1"),),
)
# It was coded with a loss: decoders differ by one.
ours = numpy.frombuffer(decoded[0], j2k.pixel_array.dtype).reshape(j2k.Rows, j2k.Columns)
assert numpy.abs(ours.astype(int) - j2k.pixel_array.astype(int)).max() <= 1

bulk = client.retrieve_bulkdata(client.retrieve_instance_metadata(*place)["7FE00010"]["BulkDataURI"])
assert bulk == [ct.PixelData]

for media, magic in [("image/jpeg", b"\xff\xd8\xff"), ("image/png", b"\x89PNG")]:
    picture = client.retrieve_instance_rendered(*place, media_types=(media,))
    assert picture.startswith(magic)
    picture = client.retrieve_instance_frames_rendered(*place, frame_numbers=[1], media_types=(media,))
    assert picture.startswith(magic)

client.delete_instance(*place)
assert client.search_for_instances(place[0]) == []
print("all done")
