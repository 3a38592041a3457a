"""A modality or an archive by pynetdicom. Says what happened as lines of JSON.

As a caller: services.py MODE HOST PORT [ARGUMENT]; as a server: services.py MODE PORT.
"""

import json
import signal
import sys
import threading
import time

from pydicom.dataset import Dataset
from pynetdicom import AE, acse, build_role, evt
from pynetdicom.sop_class import (
    InstanceAvailabilityNotification,
    ModalityPerformedProcedureStep,
    ModalityPerformedProcedureStepRetrieve,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

TRANSACTION = "1.2.3.99"


def say(**what):
    print(json.dumps(what), flush=True)


def report(event):
    info = event.event_information
    committed = [item.ReferencedSOPInstanceUID for item in info.get("ReferencedSOPSequence", [])]
    failed = [[item.ReferencedSOPInstanceUID, item.FailureReason] for item in info.get("FailedSOPSequence", [])]
    say(event=event.event_type, transaction=info.TransactionUID, committed=committed, failed=failed)
    return 0x0000, None


def caller(*contexts):
    ae = AE(ae_title="MODALITY")
    for context in contexts:
        ae.add_requested_context(context)
    return ae


def associate(ae, host, port, **more):
    assoc = ae.associate(host, int(port), ae_title="KLINKE", **more)
    assert assoc.is_established, "no association"
    return assoc


def release(assoc):
    """Releases an association. pynetdicom waits for ever where a request of the peer came in at that moment, as its reactor
    then rests without saying so: it is woken."""
    releasing = threading.Thread(target=assoc.release, daemon=True)
    releasing.start()
    for _ in range(40):
        releasing.join(0.5)
        if not releasing.is_alive():
            return
        if not assoc._is_paused:
            assoc._reactor_checkpoint.set()
            time.sleep(0.01)
            assoc._reactor_checkpoint.clear()
    raise RuntimeError("no release")


def be_slow(pause_s):
    """Takes its time between reading that it is accepted and noting what was: a report that comes meanwhile is aborted."""
    negotiate = acse.negotiate_as_requestor

    def slowly(*arguments):
        time.sleep(pause_s)
        return negotiate(*arguments)

    acse.negotiate_as_requestor = slowly


def begun(status="IN PROGRESS"):
    set = Dataset()
    set.SpecificCharacterSet = "ISO_IR 100"
    set.PatientName = "Müller^Jörg"
    set.PatientID = "4711"
    set.Modality = "CT"
    set.PerformedProcedureStepID = "P1"
    set.PerformedStationAETitle = "MODALITY"
    set.PerformedProcedureStepStartDate = "20261129"
    set.PerformedProcedureStepStartTime = "1015"
    if status:
        set.PerformedProcedureStepStatus = status
    item = Dataset()
    item.AccessionNumber = "A1"
    item.ScheduledProcedureStepID = "S1"
    item.StudyInstanceUID = "1.2.3"
    set.ScheduledStepAttributesSequence = [item]
    return set


def ended(status):
    set = Dataset()
    set.PerformedProcedureStepStatus = status
    set.PerformedProcedureStepEndDate = "20261129"
    set.PatientID = "another"
    series = Dataset()
    image = Dataset()
    image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    image.ReferencedSOPInstanceUID = "1.2.3.4.5"
    series.ReferencedImageSequence = [image]
    set.PerformedSeriesSequence = [series]
    return set


def steps(host, port, _=None):
    ae = caller(ModalityPerformedProcedureStep, ModalityPerformedProcedureStepRetrieve)
    assoc = associate(ae, host, port)
    step = ModalityPerformedProcedureStep

    def told(name, answer):
        status = answer[0]
        say(step=name, status=status.get("Status"), error=status.get("ErrorID"))
        return answer[1]

    told("no status", assoc.send_n_create(begun(None), step, "1.2.9.1"))
    told("wrong status", assoc.send_n_create(begun("COMPLETED"), step, "1.2.9.1"))
    told("create", assoc.send_n_create(begun(), step, "1.2.9.1"))
    told("create again", assoc.send_n_create(begun(), step, "1.2.9.1"))
    told("set unknown", assoc.send_n_set(ended("COMPLETED"), step, "1.2.9.2"))
    told("set nonsense", assoc.send_n_set(ended("DONE"), step, "1.2.9.1"))
    told("set", assoc.send_n_set(ended("COMPLETED"), step, "1.2.9.1"))
    told("set after the end", assoc.send_n_set(ended("DISCONTINUED"), step, "1.2.9.1"))
    got = told(
        "get",
        assoc.send_n_get([0x00100010, 0x00100020, 0x00400252], ModalityPerformedProcedureStepRetrieve, "1.2.9.1"),
    )
    say(name=str(got.PatientName), patient=got.PatientID, status=got.PerformedProcedureStepStatus, count=len(got))
    told("get unknown", assoc.send_n_get([], ModalityPerformedProcedureStepRetrieve, "1.2.9.2"))
    told("create without a UID", assoc.send_n_create(begun(), step, None))
    release(assoc)


def request(assoc, instances):
    set = Dataset()
    set.TransactionUID = TRANSACTION
    items = []
    for instance in instances.split(","):
        klass, uid = instance.split("=")
        item = Dataset()
        item.ReferencedSOPClassUID = klass
        item.ReferencedSOPInstanceUID = uid
        items.append(item)
    set.ReferencedSOPSequence = items
    answer = assoc.send_n_action(set, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    say(action=answer[0].get("Status"))


def commit_new(host, port, instances, own):
    """Asks, releases, and is told over an association of the archive's."""
    done = threading.Event()

    def handle(event):
        answer = report(event)
        done.set()
        return answer

    server = AE(ae_title="MODALITY")
    server.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    listening = server.start_server(("127.0.0.1", int(own)), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, handle)])
    assoc = associate(caller(StorageCommitmentPushModel), host, port)
    request(assoc, instances)
    release(assoc)
    say(told=done.wait(20))
    time.sleep(0.3)
    listening.shutdown()


def commit_same(host, port, instances):
    """Asks, and leaves the association open; nobody can call it."""
    done = threading.Event()

    def handle(event):
        answer = report(event)
        done.set()
        return answer

    assoc = associate(caller(StorageCommitmentPushModel), host, port, evt_handlers=[(evt.EVT_N_EVENT_REPORT, handle)])
    request(assoc, instances)
    say(told=done.wait(20))
    time.sleep(0.3)
    release(assoc)


def commit_next(host, port, instances):
    """Asks, releases at once, and comes again later."""
    done = threading.Event()

    def handle(event):
        answer = report(event)
        done.set()
        return answer

    assoc = associate(caller(StorageCommitmentPushModel), host, port)
    request(assoc, instances)
    release(assoc)
    time.sleep(1)
    be_slow(0.2)
    assoc = associate(caller(StorageCommitmentPushModel), host, port, evt_handlers=[(evt.EVT_N_EVENT_REPORT, handle)])
    say(told=done.wait(20))
    time.sleep(0.3)
    release(assoc)


def notify(host, port):
    """Tells that a study can be had elsewhere: once as it should be, and once without what it needs."""
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = "1.1.1.1"
    item.InstanceAvailability = "NEARLINE"
    item.RetrieveAETitle = "FARPACS"
    series = Dataset()
    series.SeriesInstanceUID = "1.1.1"
    series.ReferencedSOPSequence = [item]
    notice = Dataset()
    notice.ReferencedPerformedProcedureStepSequence = []
    notice.StudyInstanceUID = "1.1"
    notice.ReferencedSeriesSequence = [series]
    assoc = associate(caller(InstanceAvailabilityNotification), host, port)
    status, _ = assoc.send_n_create(notice, InstanceAvailabilityNotification, "1.2.3.33")
    say(notified=status.Status)
    del notice.StudyInstanceUID
    status, _ = assoc.send_n_create(notice, InstanceAvailabilityNotification, "1.2.3.34")
    say(notified=status.Status)
    release(assoc)


def serve(port, style, back):
    """An archive that takes requests and reports in one style or another."""

    def made(event):
        info = event.action_information
        set = Dataset()
        set.TransactionUID = info.TransactionUID
        items = list(info.ReferencedSOPSequence)
        good, bad = items[:1], items[1:]
        if style == "lost":
            bad = []
        set.ReferencedSOPSequence = good
        for item in bad:
            item.FailureReason = 0x0112
        if bad:
            set.FailedSOPSequence = bad
        return set, 2 if bad else 1

    def send(assoc, set, kind):
        answer = assoc.send_n_event_report(set, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        say(reported=answer[0].get("Status"))

    def later(event, set, kind):
        time.sleep(0.3)
        if style in ("same", "lost"):
            send(event.assoc, set, kind)
        elif style == "new":
            ae = AE(ae_title="STORE")
            ae.add_requested_context(StorageCommitmentPushModel)
            role = build_role(StorageCommitmentPushModel, scp_role=True)
            assoc = associate(ae, "127.0.0.1", back, ext_neg=[role])
            send(assoc, set, kind)
            release(assoc)

    def act(event):
        set, kind = made(event)
        if style == "early":
            send(event.assoc, set, kind)
            return 0x0000, None
        threading.Thread(target=later, args=(event, set, kind), daemon=True).start()
        return (0x0110 if style == "refuse" else 0x0000), None

    def create(event):
        set = event.attribute_list
        if event.request.AffectedSOPClassUID == InstanceAvailabilityNotification:
            item = set.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
            is_as_sent = (set.StudyInstanceUID, item.ReferencedSOPInstanceUID, item.RetrieveAETitle)
            return (0x0000 if is_as_sent == ("1.1", "1.1.1.1", "KLINKE") else 0x0106), set
        say(created=event.request.AffectedSOPInstanceUID, name=str(set.PatientName))
        return 0x0000, event.attribute_list

    def change(event):
        say(changed=event.request.RequestedSOPInstanceUID, status=event.modification_list.PerformedProcedureStepStatus)
        return (0x0110 if style == "refuse" else 0x0000), event.modification_list

    ae = AE(ae_title="STORE")
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    ae.add_supported_context(ModalityPerformedProcedureStep)
    ae.add_supported_context(InstanceAvailabilityNotification)
    handlers = [(evt.EVT_N_ACTION, act), (evt.EVT_N_CREATE, create), (evt.EVT_N_SET, change)]
    ae.start_server(("127.0.0.1", int(port)), block=True, evt_handlers=handlers)


MODES = {
    "steps": steps,
    "commit-new": commit_new,
    "commit-same": commit_same,
    "commit-next": commit_next,
    "notify": notify,
    "serve": serve,
}

if __name__ == "__main__":
    # Whatever hangs ends here.
    signal.alarm(120)
    MODES[sys.argv[1]](*sys.argv[2:])
