// A sender made of node-hl7-client: builds messages with it, sends one after the other's answer, and
// prints the answers. (Messages handed to it while it waits for an answer keep it busy for ever.)
const { Client, Message } = require("node-hl7-client");

const [port, count] = process.argv.slice(2).map(Number);
const client = new Client({ host: "127.0.0.1" });
let answered = 0;

const connection = client.createConnection({ port }, async (response) => {
  const answer = response.getMessage();
  console.log("ANSWER " + answer.get("MSA.1").toString() + " " + answer.get("MSA.2").toString());
  answered += 1;
  if (answered === count) {
    process.exit(0);
  }
  setImmediate(send);
});

function send() {
  const message = new Message({
    messageHeader: {
      msh_9_1: "ADT", msh_9_2: "A08", msh_9_3: "ADT_A01", msh_10: "NODE" + answered, msh_11_1: "P",
    },
  });
  message.addSegment("PID").set("3.1", "4711");
  connection.sendMessage(message).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

connection.on("connect", send);
setTimeout(() => process.exit(2), 20000);
