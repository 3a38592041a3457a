"""A partner made of the package hl7: takes messages and answers each with its own acknowledgment."""

import asyncio
import sys

import hl7.mllp


async def converse(reader, writer):
    try:
        while not writer.is_closing():
            message = await reader.readmessage()
            print("GOT", message.segment("MSH")[10], flush=True)
            writer.writemessage(message.create_ack())
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()


async def main():
    server = await hl7.mllp.start_hl7_server(converse, host="127.0.0.1", port=0, encoding="latin-1")
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


sys.exit(asyncio.run(main()))
