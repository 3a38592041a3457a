"""Watches a workitem over the event channel with websockets, works on it with urllib, reads reports with pydicom."""

import asyncio
import json
import sys
import urllib.request

import websockets
from pydicom import Dataset

base = sys.argv[1]
TRANSACTION = "2.25.77"


def ask(method, path, body=None):
    request = urllib.request.Request(base + path, method=method)
    if body is not None:
        request.data = json.dumps(body.to_json_dict()).encode()
        request.add_header("Content-Type", "application/dicom+json")
    with urllib.request.urlopen(request) as answer:
        return answer


def item(**values):
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value):
    return [item(CodeValue=value, CodingSchemeDesignator="99PY", CodeMeaning="a meaning")]


async def report(channel):
    text = await asyncio.wait_for(channel.recv(), 10)
    assert isinstance(text, str)
    return Dataset.from_json(text)


async def main():
    answer = ask("POST", "/workitems/1.1/subscribers/PYTHON")
    assert answer.status == 201
    # The name of the host is the one of the request.
    url = answer.headers["Content-Location"]
    assert url.startswith("ws://") and url.endswith("/subscribers/PYTHON"), url
    async with websockets.connect(url, ping_interval=1) as channel:
        first = await report(channel)
        assert (first.AffectedSOPInstanceUID, first.EventTypeID) == ("1.1", 1)
        assert (first.ProcedureStepState, first.InputReadinessState) == ("SCHEDULED", "READY")
        state = item(ProcedureStepState="IN PROGRESS", TransactionUID=TRANSACTION)
        assert ask("PUT", "/workitems/1.1/state", state).status == 200
        assert (await report(channel)).ProcedureStepState == "IN PROGRESS"
        progress = item(ProcedureStepProgressInformationSequence=[item(ProcedureStepProgress="40")])
        assert ask("POST", "/workitems/1.1?transaction-uid=" + TRANSACTION, progress).status == 200
        told = await report(channel)
        assert told.EventTypeID == 3
        assert told.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress == 40
        # Longer than its own pings: the channel stays.
        await asyncio.sleep(2.5)
        performed = item(
            UnifiedProcedureStepPerformedProcedureSequence=[
                item(
                    PerformedStationNameCodeSequence=code("PY"),
                    PerformedWorkitemCodeSequence=code("SEG"),
                    PerformedProcedureStepStartDateTime="20261130101600",
                    PerformedProcedureStepEndDateTime="20261130101700",
                )
            ]
        )
        assert ask("POST", "/workitems/1.1?transaction-uid=" + TRANSACTION, performed).status == 200
        state.ProcedureStepState = "COMPLETED"
        assert ask("PUT", "/workitems/1.1/state", state).status == 200
        assert (await report(channel)).ProcedureStepState == "COMPLETED"
    with urllib.request.urlopen(base + "/workitems/1.1") as answer:
        kept = Dataset.from_json(json.dumps(json.load(answer)[0]))
    assert kept.ProcedureStepState == "COMPLETED" and "TransactionUID" not in kept
    print("all done")


asyncio.run(main())
