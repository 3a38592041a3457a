"""The command mllp_send of the package hl7, with its own arguments."""

from hl7.client import mllp_send

mllp_send()
