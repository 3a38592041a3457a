// A partner made of node-hl7-server: takes messages and answers AA.
const { Server } = require("node-hl7-server");

const port = Number(process.argv[2]);
const server = new Server({ bindAddress: "127.0.0.1" });
const inbound = server.createInbound({ port }, async (request, response) => {
  const message = request.getMessage();
  console.log("GOT " + message.get("MSH.10").toString());
  await response.sendResponse("AA");
});
inbound.on("listen", () => console.log("PORT " + port));
