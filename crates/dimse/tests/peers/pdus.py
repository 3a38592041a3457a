"""Writes PDUs and command sets of pynetdicom as lines of name and hexadecimal digits, and reads ours."""

import sys

from pydicom.tag import Tag
from pydicom.uid import UID
from pynetdicom import dimse_messages, dimse_primitives, fsm, pdu, pdu_primitives, presentation


def requested():
    primitive = pdu_primitives.A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title = "MODALITY"
    primitive.called_ae_title = "ARCHIVE"
    context = presentation.PresentationContext()
    context.context_id = 1
    context.abstract_syntax = "1.2.840.10008.5.1.4.1.1.2"
    context.transfer_syntax = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
    echo = presentation.PresentationContext()
    echo.context_id = 3
    echo.abstract_syntax = "1.2.840.10008.1.1"
    echo.transfer_syntax = ["1.2.840.10008.1.2"]
    primitive.presentation_context_definition_list = [context, echo]
    length = pdu_primitives.MaximumLengthNotification()
    length.maximum_length_received = 16382
    implementation = pdu_primitives.ImplementationClassUIDNotification()
    implementation.implementation_class_uid = UID("1.2.3.4.5")
    version = pdu_primitives.ImplementationVersionNameNotification()
    version.implementation_version_name = "PEER_1"
    window = pdu_primitives.AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 3
    window.maximum_number_operations_performed = 2
    role = pdu_primitives.SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2"
    role.scu_role = False
    role.scp_role = True
    extended = pdu_primitives.SOPClassExtendedNegotiation()
    extended.sop_class_uid = "1.2.840.10008.5.1.4.1.2.2.1"
    extended.service_class_application_information = b"\x01\x00\x01"
    common = pdu_primitives.SOPClassCommonExtendedNegotiation()
    common.sop_class_uid = "1.2.840.10008.5.1.4.1.1.88.22"
    common.service_class_uid = "1.2.840.10008.4.2"
    common.related_general_sop_class_identification = ["1.2.840.10008.5.1.4.1.1.88.22", "1.2.3"]
    identity = pdu_primitives.UserIdentityNegotiation()
    identity.user_identity_type = 2
    identity.positive_response_requested = True
    identity.primary_field = b"user"
    identity.secondary_field = b"secret"
    primitive.user_information = [length, implementation, version, window, role, extended, common, identity]
    request = pdu.A_ASSOCIATE_RQ()
    request.from_primitive(primitive)
    return request


def stored():
    primitive = dimse_primitives.C_STORE()
    primitive.MessageID = 7
    primitive.AffectedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    primitive.AffectedSOPInstanceUID = "1.2.3.4"
    primitive.Priority = 1
    primitive.MoveOriginatorApplicationEntityTitle = "MOVER"
    primitive.MoveOriginatorMessageID = 12
    from io import BytesIO

    primitive.DataSet = BytesIO(bytes(range(200)))
    message = dimse_messages.C_STORE_RQ()
    message.primitive_to_message(primitive)
    return message


def moved():
    primitive = dimse_primitives.C_MOVE()
    primitive.MessageIDBeingRespondedTo = 9
    primitive.AffectedSOPClassUID = "1.2.840.10008.5.1.4.1.2.2.2"
    primitive.Status = 0xB000
    primitive.NumberOfCompletedSuboperations = 4
    primitive.NumberOfFailedSuboperations = 3
    primitive.NumberOfWarningSuboperations = 2
    message = dimse_messages.C_MOVE_RSP()
    message.primitive_to_message(primitive)
    return message


def got():
    primitive = dimse_primitives.N_GET()
    primitive.MessageID = 11
    primitive.RequestedSOPClassUID = "1.2.840.10008.5.1.1.16"
    primitive.RequestedSOPInstanceUID = "1.2.840.10008.5.1.1.17"
    primitive.AttributeIdentifierList = [Tag(0x00100010), Tag(0x7FE00010)]
    message = dimse_messages.N_GET_RQ()
    message.primitive_to_message(primitive)
    return message


def fragments(name, message):
    for primitive in message.encode_msg(1, 64):
        data = pdu.P_DATA_TF()
        data.from_primitive(primitive)
        print(name, data.encode().hex())


def table():
    for (event, state), action in sorted(fsm.TRANSITION_TABLE.items()):
        print("table", f"{event[3:]},{state[3:]},{action}")


def read(lines):
    """Reads our PDUs, writes them again, and says what they hold."""
    kinds = {1: pdu.A_ASSOCIATE_RQ, 2: pdu.A_ASSOCIATE_AC, 3: pdu.A_ASSOCIATE_RJ, 4: pdu.P_DATA_TF,
             5: pdu.A_RELEASE_RQ, 6: pdu.A_RELEASE_RP, 7: pdu.A_ABORT_RQ}
    for line in lines:
        ours = bytes.fromhex(line.strip())
        theirs = kinds[ours[0]]()
        theirs.decode(ours)
        print("again", theirs.encode().hex())


print("request", requested().encode().hex())
fragments("store", stored())
fragments("move", moved())
fragments("get", got())
table()
read(sys.stdin)
