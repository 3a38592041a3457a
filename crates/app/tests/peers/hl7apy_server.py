"""A partner made of the package hl7apy: it parses each message and closes the connection after its answer."""

from hl7apy.core import Message
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message


class Handler(AbstractHandler):
    def reply(self):
        message = parse_message(self.incoming_message, find_groups=False)
        control = message.msh.msh_10.to_er7()
        assert message.pid.pid_3.pid_3_1.to_er7() == "4711"
        print("GOT", control, flush=True)
        answer = Message("ACK", version="2.5")
        answer.msh.msh_9 = "ACK^A08^ACK"
        answer.msh.msh_11 = "P"
        answer.msa.msa_1 = "AA"
        answer.msa.msa_2 = control
        return answer.to_mllp()


server = MLLPServer("127.0.0.1", 0, {"ADT^A08^ADT_A01": (Handler,)})
print("PORT", server.server_address[1], flush=True)
server.serve_forever()
